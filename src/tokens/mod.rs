//! Songs to tokens and back, and the grammars of the token languages.
