//! A reader of Python pickles that builds plain data and calls nothing.
//!
//! It follows the opcodes of protocols 0 to 5 that `torch.save` and Python's own pickler write. Of the callables that a
//! stream names, three kinds are understood: `OrderedDict`, the functions that rebuild a tensor, and those that rebuild
//! a parameter. Every other object becomes [`Node::Opaque`]. All values live in one arena, one per opcode at most, so
//! that memory stays in proportion to the stream and values that contain themselves do no harm.

use std::collections::HashMap;

/// A value, by its place in the arena of [`Pickle`].
pub(super) type Id = usize;

/// What a stream can hold.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// None, numbers with a fraction, bytes: nothing that a checkpoint is asked for.
    Opaque,
    Int(i64),
    Text(String),
    /// A class or function, as `module name`.
    Global(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A persistent id: torch's way to point at a storage.
    Persistent(Id),
    Tensor(TensorView),
}

/// A tensor as a view of a storage.
#[derive(Clone, Debug)]
pub(super) struct TensorView {
    /// The persistent id of the storage.
    pub(super) storage: Id,
    /// In elements.
    pub(super) offset: i64,
    pub(super) shape: Vec<i64>,
    /// In elements.
    pub(super) strides: Vec<i64>,
    /// The element type where the stream gives it beside the storage (`torch float32`).
    pub(super) dtype: Option<String>,
}

/// A stream that was read: the arena and the value it stands for.
#[derive(Debug)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    /// The outermost value.
    pub(super) root: Id,
    /// How many bytes the stream took.
    pub(super) length: usize,
}

impl Pickle {
    /// A value; [`Node::Opaque`] for a place that does not exist.
    pub(super) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&Node::Opaque)
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        if let Node::Text(text) = self.node(id) {
            Some(text)
        } else {
            None
        }
    }

    /// The elements of a tuple or list.
    pub(super) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) | Node::List(items) => Some(items),
            _ => None,
        }
    }
}

/// Reads one pickle from the start of `bytes`. The error says at which byte and why.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, String> {
    let mut reader = Reader {
        bytes,
        at: 0,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    match reader.run() {
        Ok(root) => Ok(Pickle {
            root,
            length: reader.at,
            nodes: reader.nodes,
        }),
        Err(reason) => Err(format!("damaged pickle at byte {}: {reason}", reader.at)),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Stack heights at the open marks.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

type Read<T> = Result<T, &'static str>;

const ENDS: &str = "the stream ends too early";

impl Reader<'_> {
    fn run(&mut self) -> Read<Id> {
        loop {
            let opcode = self.byte()?;
            match opcode {
                b'.' => return self.pop(),
                // Protocol and frame lengths say nothing about the values.
                0x80 => drop(self.byte()?),
                0x95 => self.skip(8)?,
                b'(' => self.marks.push(self.stack.len()),
                b'1' => drop(self.since_mark()?),
                b'2' => {
                    let top = self.top()?;
                    self.stack.push(top);
                }
                b'N' | 0x88 | 0x89 => self.push(Node::Opaque),
                b'I' | b'L' => self.decimal()?,
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Node::Int(value.into()));
                }
                b'K' => {
                    let value = self.byte()?;
                    self.push(Node::Int(value.into()));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.push(Node::Int(value.into()));
                }
                0x8a => {
                    let length = self.byte()?.into();
                    self.long(length)?;
                }
                0x8b => {
                    let length = self.length4()?;
                    self.long(length)?;
                }
                b'F' => {
                    self.line()?;
                    self.push(Node::Opaque);
                }
                b'G' => self.blob(8)?,
                // Python 2 wrote names as byte strings.
                b'U' | 0x8c => {
                    let length = self.byte()?.into();
                    self.string(length)?;
                }
                b'T' | b'X' => {
                    let length = self.length4()?;
                    self.string(length)?;
                }
                0x8d => {
                    let length = self.length8()?;
                    self.string(length)?;
                }
                b'V' | b'S' => {
                    let line = self.line()?;
                    let text = line
                        .trim_matches(|c| opcode == b'S' && (c == '\'' || c == '"'))
                        .to_owned();
                    self.push(Node::Text(text));
                }
                b'C' => {
                    let length = self.byte()?.into();
                    self.blob(length)?;
                }
                b'B' => {
                    let length = self.length4()?;
                    self.blob(length)?;
                }
                0x8e | 0x96 => {
                    let length = self.length8()?;
                    self.blob(length)?;
                }
                b')' => self.push(Node::Tuple(Vec::new())),
                b't' => {
                    let items = self.since_mark()?;
                    self.push(Node::Tuple(items));
                }
                0x85..=0x87 => {
                    let height = self
                        .stack
                        .len()
                        .checked_sub(usize::from(opcode - 0x84))
                        .ok_or("the stack is empty")?;
                    let items = self.stack.split_off(height);
                    self.push(Node::Tuple(items));
                }
                b']' | 0x8f => self.push(Node::List(Vec::new())),
                b'l' | 0x91 => {
                    let items = self.since_mark()?;
                    self.push(Node::List(items));
                }
                b'a' => {
                    let item = self.pop()?;
                    self.extend(vec![item])?;
                }
                b'e' | 0x90 => {
                    let items = self.since_mark()?;
                    self.extend(items)?;
                }
                b'}' => self.push(Node::Dict(Vec::new())),
                b'd' => {
                    let items = self.since_mark()?;
                    let pairs = pairs(&items)?;
                    self.push(Node::Dict(pairs));
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    self.set(vec![(key, value)])?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.set(pairs(&items)?)?;
                }
                b'c' => {
                    let name = format!("{} {}", self.line()?, self.line()?);
                    self.push(Node::Global(name));
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Some(Node::Text(name)), Some(Node::Text(module))) =
                        (self.nodes.get(name), self.nodes.get(module))
                    else {
                        return Err("a name that is not text");
                    };
                    let name = format!("{module} {name}");
                    self.push(Node::Global(name));
                }
                b'R' | 0x81 => {
                    let (arguments, callable) = (self.pop()?, self.pop()?);
                    self.call(callable, arguments)?;
                }
                0x92 => {
                    self.pop()?;
                    let (arguments, callable) = (self.pop()?, self.pop()?);
                    self.call(callable, arguments)?;
                }
                b'o' => {
                    self.since_mark()?;
                    self.push(Node::Opaque);
                }
                b'i' => {
                    self.line()?;
                    self.line()?;
                    self.since_mark()?;
                    self.push(Node::Opaque);
                }
                // A value given up, and an object's state: of no use for dictionaries and tensors, unknown for the rest.
                b'b' | b'0' => self.discard()?,
                b'Q' => {
                    let id = self.pop()?;
                    self.push(Node::Persistent(id));
                }
                b'P' => {
                    let text = self.line()?;
                    self.push(Node::Text(text));
                    let id = self.pop()?;
                    self.push(Node::Persistent(id));
                }
                b'p' | b'g' => {
                    let place = self
                        .line()?
                        .parse()
                        .map_err(|_| "a memo place that is not a number")?;
                    if opcode == b'p' {
                        self.remember(place)?;
                    } else {
                        self.recall(place)?;
                    }
                }
                b'q' | b'h' => {
                    let place = self.byte()?.into();
                    if opcode == b'q' {
                        self.remember(place)?;
                    } else {
                        self.recall(place)?;
                    }
                }
                b'r' | b'j' => {
                    let place = self.length4()?;
                    if opcode == b'r' {
                        self.remember(place)?;
                    } else {
                        self.recall(place)?;
                    }
                }
                0x94 => self.remember(self.memo.len())?,
                _ => return Err("an opcode that is not known"),
            }
        }
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = self.bytes.get(self.at).copied().ok_or(ENDS)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, length: usize) -> Read<&[u8]> {
        let end = self.at.checked_add(length).ok_or(ENDS)?;
        let taken = self.bytes.get(self.at..end).ok_or(ENDS)?;
        self.at = end;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> Read<()> {
        self.take(length).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| ENDS)
    }

    fn length4(&mut self) -> Read<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn length8(&mut self) -> Read<usize> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| ENDS)
    }

    fn line(&mut self) -> Read<String> {
        let rest = self.bytes.get(self.at..).ok_or(ENDS)?;
        let length = rest.iter().position(|&b| b == b'\n').ok_or(ENDS)?;
        let line = String::from_utf8_lossy(self.take(length)?)
            .trim_end_matches('\r')
            .to_owned();
        self.at += 1;
        Ok(line)
    }

    fn string(&mut self, length: usize) -> Read<()> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Node::Text(text));
        Ok(())
    }

    fn blob(&mut self, length: usize) -> Read<()> {
        self.take(length)?;
        self.push(Node::Opaque);
        Ok(())
    }

    /// A little-endian two's complement number; those beyond 64 bits (file magic, hashes) are opaque.
    fn long(&mut self, length: usize) -> Read<()> {
        let bytes = self.take(length)?;
        let node = if bytes.len() > 8 {
            Node::Opaque
        } else {
            let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) {
                0xff
            } else {
                0
            };
            let mut wide = [fill; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            Node::Int(i64::from_le_bytes(wide))
        };
        self.push(node);
        Ok(())
    }

    fn decimal(&mut self) -> Read<()> {
        let line = self.line()?;
        let node = line
            .trim_end_matches('L')
            .parse()
            .map_or(Node::Opaque, Node::Int);
        self.push(node);
        Ok(())
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
    }

    fn top(&self) -> Read<Id> {
        self.stack.last().copied().ok_or("the stack is empty")
    }

    fn pop(&mut self) -> Read<Id> {
        self.stack.pop().ok_or("the stack is empty")
    }

    fn discard(&mut self) -> Read<()> {
        self.pop().map(|_| ())
    }

    fn since_mark(&mut self) -> Read<Vec<Id>> {
        let height = self
            .marks
            .pop()
            .filter(|&height| height <= self.stack.len())
            .ok_or("no mark is open")?;
        Ok(self.stack.split_off(height))
    }

    fn remember(&mut self, place: usize) -> Read<()> {
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Read<()> {
        let id = self
            .memo
            .get(&place)
            .copied()
            .ok_or("a memo place that was never filled")?;
        self.stack.push(id);
        Ok(())
    }

    fn extend(&mut self, items: Vec<Id>) -> Read<()> {
        let list = self.top()?;
        match self.nodes.get_mut(list) {
            Some(Node::List(list)) => list.extend(items),
            // A class of its own that takes elements: its kind is not known.
            Some(Node::Opaque) => {}
            _ => return Err("elements for something that is no list"),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<(Id, Id)>) -> Read<()> {
        let dict = self.top()?;
        match self.nodes.get_mut(dict) {
            Some(Node::Dict(dict)) => dict.extend(items),
            Some(Node::Opaque) => {}
            _ => return Err("items for something that is no dictionary"),
        }
        Ok(())
    }

    fn call(&mut self, callable: Id, arguments: Id) -> Read<()> {
        let arguments = match self.nodes.get(arguments) {
            Some(Node::Tuple(items)) => items.clone(),
            _ => return Err("arguments that are no tuple"),
        };
        let name = match self.nodes.get(callable) {
            Some(Node::Global(name)) => name.as_str(),
            _ => "",
        };
        let node = match name {
            "collections OrderedDict" => {
                Node::Dict(self.items_of_pairs(arguments.first().copied()))
            }
            "torch._utils _rebuild_tensor" | "torch._utils _rebuild_tensor_v2" => {
                Node::Tensor(self.tensor(&arguments, None)?)
            }
            "torch._utils _rebuild_tensor_v3" => {
                let dtype = arguments.get(6).and_then(|&id| self.nodes.get(id));
                let Some(Node::Global(dtype)) = dtype else {
                    return Err("a tensor without an element type");
                };
                Node::Tensor(self.tensor(&arguments, Some(dtype.clone()))?)
            }
            "torch._utils _rebuild_parameter" | "torch._utils _rebuild_parameter_with_state" => {
                let data = arguments
                    .first()
                    .copied()
                    .ok_or("a parameter without a tensor")?;
                self.stack.push(data);
                return Ok(());
            }
            _ => Node::Opaque,
        };
        self.push(node);
        Ok(())
    }

    /// `OrderedDict([(key, value), ...])`, as older protocols write it.
    fn items_of_pairs(&self, list: Option<Id>) -> Vec<(Id, Id)> {
        let Some(Node::List(items)) = list.and_then(|id| self.nodes.get(id)) else {
            return Vec::new();
        };
        let pair = |&id: &Id| match self.nodes.get(id) {
            Some(Node::Tuple(pair) | Node::List(pair)) => Some((*pair.first()?, *pair.get(1)?)),
            _ => None,
        };
        items.iter().filter_map(pair).collect()
    }

    fn tensor(&self, arguments: &[Id], dtype: Option<String>) -> Read<TensorView> {
        let argument = |i: usize| {
            arguments
                .get(i)
                .and_then(|&id| self.nodes.get(id))
                .ok_or("a tensor with too few arguments")
        };
        let Node::Persistent(storage) = argument(0)? else {
            return Err("a tensor without a storage");
        };
        let Node::Int(offset) = argument(1)? else {
            return Err("a tensor without an offset");
        };
        let whole = |node: &Node| match node {
            Node::Tuple(items) | Node::List(items) => items
                .iter()
                .map(|&id| {
                    if let Some(Node::Int(value)) = self.nodes.get(id) {
                        Some(*value)
                    } else {
                        None
                    }
                })
                .collect::<Option<Vec<i64>>>(),
            _ => None,
        };
        let shape = whole(argument(2)?).ok_or("a tensor without a shape")?;
        let strides = whole(argument(3)?).ok_or("a tensor without strides")?;
        Ok(TensorView {
            storage: *storage,
            offset: *offset,
            shape,
            strides,
            dtype,
        })
    }
}

fn pairs(items: &[Id]) -> Read<Vec<(Id, Id)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    } else {
        Err("a key without a value")
    }
}
