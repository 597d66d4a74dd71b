use std::path::{Path, PathBuf};

use tch::nn::VarStore;

use super::*;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/nets")
        .join(name)
}

fn network(name: &str) -> ThemeTransformer {
    ThemeTransformer::load(&folder(name), Device::Cpu).unwrap()
}

/// A bigger one with random weights, whose every width is a multiple of what packed products need.
fn random_network(seed: i64) -> ThemeTransformer {
    tch::manual_seed(seed);
    let config = Config {
        d_model: 64,
        n_head: 4,
        ffn: 128,
        encoder_layers: 2,
        decoder_xor_pattern: vec![0, 1, 1],
        vocab: 90,
        max_target: 64,
        ..Config::default()
    };
    let mut store = VarStore::new(Device::Cpu);
    let network = ThemeTransformer::new(&store.root(), &config).unwrap();
    store.freeze();
    network
}

/// Token numbers and labels that look like a piece: a labelled region in the middle.
fn piece(length: usize, vocab: i64, salt: i64) -> (Vec<i64>, Vec<i64>) {
    let tokens = (0..length as i64)
        .map(|i| 1 + (i * i * 7 + i * 13 + salt * 29) % (vocab - 1))
        .collect();
    let labels = (0..length as i64)
        .map(|i| {
            if (3..length as i64 / 2).contains(&i) {
                i - 2
            } else {
                0
            }
        })
        .collect();
    (tokens, labels)
}

fn row(numbers: &[i64]) -> Tensor {
    Tensor::from_slice(numbers).unsqueeze(0)
}

/// Logits after the last token, by the whole network.
fn whole(network: &ThemeTransformer, source: &[i64], tokens: &[i64], labels: &[i64]) -> Vec<f32> {
    let logits = network
        .forward(&row(source), None, &row(tokens), &row(labels), false)
        .unwrap();
    Vec::try_from(logits.select(1, tokens.len() as i64 - 1).view([-1])).unwrap()
}

fn assert_close(a: &[f32], b: &[f32], tolerance: f32, what: &str) {
    assert_eq!(a.len(), b.len());
    let worst = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(worst <= tolerance, "{what}: {worst} above {tolerance}");
}

#[test]
fn outputs_equal_the_expected_ones() {
    for name in ["theme_transformer", "theme_transformer_relu"] {
        let config = Config::read(&folder(name).join("config.json")).unwrap();
        let cases = checkpoint::read(&folder(name).join("cases.safetensors")).unwrap();
        let mut checked = 0;
        for weights in ["weights.safetensors", "weights.pt"] {
            let tensors = checkpoint::read(&folder(name).join(weights)).unwrap();
            let network = ThemeTransformer::from_tensors(&config, &tensors, Device::Cpu).unwrap();
            for case in cases.keys().filter_map(|key| key.strip_suffix(".src")) {
                let input = |part: &str| cases[&format!("{case}.{part}")].unsqueeze(0);
                let logits = network
                    .forward(&input("src"), None, &input("tgt"), &input("label"), false)
                    .unwrap();
                let worst = (logits - input("logits")).abs().max().double_value(&[]);
                assert!(worst < 1e-5, "{name} {weights} {case}: {worst}");
                checked += 1;
            }
        }
        assert!(checked >= 2);
    }
}

#[test]
fn padding_of_source_and_target_changes_nothing() {
    let network = network("theme_transformer");
    let (tokens, labels) = piece(12, 50, 1);
    let source = [3, 4, 5, 6, 7];
    let alone = network
        .forward(&row(&source), None, &row(&tokens), &row(&labels), false)
        .unwrap();
    let padded: Vec<i64> = source.iter().copied().chain([9, 9, 0]).collect();
    let ends =
        Tensor::from_slice(&[false, false, false, false, false, true, true, true]).unsqueeze(0);
    let longer = |numbers: &[i64]| row(&numbers.iter().copied().chain([0; 4]).collect::<Vec<_>>());
    let with = network
        .forward(
            &row(&padded),
            Some(&ends),
            &longer(&tokens),
            &longer(&labels),
            false,
        )
        .unwrap();
    let worst = (with.narrow(1, 0, 12) - alone)
        .abs()
        .max()
        .double_value(&[]);
    assert!(worst < 1e-5, "{worst}");
}

#[test]
fn dropout_acts_in_training_alone() {
    let network = network("theme_transformer");
    let (tokens, labels) = piece(12, 50, 1);
    let run = |train| {
        network
            .forward(&row(&[3, 4, 5]), None, &row(&tokens), &row(&labels), train)
            .unwrap()
    };
    assert!(run(false).equal(&run(false)));
    assert!(!run(true).equal(&run(false)));
}

#[test]
fn half_width_products_stay_near_the_exact_ones_and_carry_gradients() {
    let mut store = VarStore::new(Device::Cpu);
    let mut network =
        ThemeTransformer::new(&store.root(), network("theme_transformer").config()).unwrap();
    checkpoint::fill(
        &store,
        &checkpoint::read(&folder("theme_transformer").join("weights.pt")).unwrap(),
    )
    .unwrap();
    let (tokens, labels) = piece(12, 50, 1);
    let run = |network: &ThemeTransformer| {
        network
            .forward(&row(&[3, 4, 5]), None, &row(&tokens), &row(&labels), false)
            .unwrap()
    };
    let exact = run(&network);
    network.set_products(Products::Bfloat16);
    let close = run(&network);
    let worst = (&close - &exact).abs().max().double_value(&[]);
    assert!(worst > 0.0 && worst < 0.2, "{worst}");
    close.square().mean(Kind::Float).backward();
    for (name, variable) in store.variables() {
        assert!(
            variable.grad().defined()
                && variable.grad().abs().sum(Kind::Float).double_value(&[]) > 0.0,
            "{name}"
        );
    }
    store.freeze();
}

#[test]
fn a_fresh_network_tells_its_sources_apart() {
    let mut store = VarStore::new(Device::Cpu);
    let network = ThemeTransformer::new(&store.root(), &Config::default()).unwrap();
    let parameters: usize = store.variables().values().map(Tensor::numel).sum();
    assert_eq!(parameters, 11_587_081, "the published configuration");
    network.initialise().unwrap();
    store.freeze();
    let memory = network
        .encode(
            &row(&(0..40).map(|i| 5 + i * 7).collect::<Vec<_>>()),
            None,
            false,
        )
        .unwrap();
    // Rows of a collapsed encoder are all alike.
    let spread = (&memory - memory.mean_dim(1, true, Kind::Float))
        .square()
        .mean(Kind::Float)
        .sqrt()
        .double_value(&[]);
    assert!(spread > 0.5, "{spread}");
}

#[test]
fn inputs_that_do_not_fit_are_errors() {
    let network = network("theme_transformer");
    let ok = row(&[1, 2, 3]);
    let refused = |source: &Tensor, target: &Tensor, labels: &Tensor| {
        network
            .forward(source, None, target, labels, false)
            .is_err()
    };
    assert!(!refused(&ok, &ok, &ok));
    assert!(
        refused(&row(&[50]), &ok, &ok),
        "a token beyond the vocabulary"
    );
    assert!(refused(&row(&[-1]), &ok, &ok), "a token below 0");
    assert!(refused(&ok, &ok, &row(&[0, 1])), "fewer labels than tokens");
    assert!(
        refused(&ok, &ok, &row(&[0, 1, POSITIONS])),
        "a label beyond the table"
    );
    assert!(refused(&Tensor::from_slice(&[1_i64]), &ok, &ok), "no batch");
    assert!(refused(&ok, &ok.to_kind(Kind::Float), &ok), "fractions");
}

#[test]
fn impossible_configurations_are_refused() {
    let wrong = [
        Config {
            d_model: 100,
            n_head: 8,
            ..Config::default()
        },
        Config {
            n_head: 0,
            ..Config::default()
        },
        Config {
            d_model: i64::MAX,
            ..Config::default()
        },
        Config {
            decoder_xor_pattern: vec![],
            ..Config::default()
        },
        Config {
            decoder_xor_pattern: vec![2],
            ..Config::default()
        },
        Config {
            vocab: 0,
            ..Config::default()
        },
        Config {
            dropout: f64::NAN,
            ..Config::default()
        },
        Config {
            max_target: 0,
            ..Config::default()
        },
        Config {
            architecture: "musegan".to_owned(),
            ..Config::default()
        },
    ];
    for config in wrong {
        assert!(config.check().is_err(), "{config:?}");
    }
    let read: Config = serde_json::from_str(
        r#"{"architecture": "theme_transformer", "labels": "timed", "n_cases": 2}"#,
    )
    .unwrap();
    assert_eq!(
        read,
        Config {
            labels: LabelKind::Timed,
            ..Config::default()
        }
    );
}

#[test]
fn weights_of_another_size_are_refused_by_name() {
    let tensors =
        checkpoint::read(&folder("theme_transformer").join("weights.safetensors")).unwrap();
    let config = network("theme_transformer_relu").config().clone();
    let message = ThemeTransformer::from_tensors(&config, &tensors, Device::Cpu)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("shape") || message.contains("missing"),
        "{message}"
    );
}

#[test]
fn steps_equal_whole_passes() {
    tch::set_num_threads(1);
    for (network, tolerance, arithmetic) in [
        (network("theme_transformer"), 1e-5, Arithmetic::Single),
        (network("theme_transformer_relu"), 1e-5, Arithmetic::Single),
        (random_network(1), 1e-5, Arithmetic::Single),
        (random_network(1), 2e-2, Arithmetic::Packed),
        (random_network(1), 3e-1, Arithmetic::Quantized),
    ] {
        let vocab = network.config().vocab;
        let (tokens, labels) = piece(24, vocab, 2);
        let (source, _) = piece(17, vocab, 3);
        let decoder = Decoder::new(network, arithmetic).unwrap();
        let mut session = Session::new(&decoder, &[&source], 1).unwrap();
        let first = session
            .prime(&[(&tokens[..1], &labels[..1])])
            .unwrap()
            .to_vec();
        assert_close(
            &first,
            &whole(decoder.network(), &source, &tokens[..1], &labels[..1]),
            tolerance,
            "prime",
        );
        for i in 1..tokens.len() {
            let step = session.step(&tokens[i..=i], &labels[i..=i]).unwrap();
            let expected = whole(decoder.network(), &source, &tokens[..=i], &labels[..=i]);
            assert_close(step, &expected, tolerance, &format!("step {i}"));
        }
        assert_eq!(session.context(0), 24);
    }
}

#[test]
fn rows_are_independent_with_own_sources_prefixes_and_positions() {
    rows_are_independent(1);
}

#[test]
fn rows_may_be_shared_out_among_threads() {
    rows_are_independent(2);
}

fn rows_are_independent(threads: usize) {
    tch::set_num_threads(1);
    let decoder = Decoder::new(random_network(4), Arithmetic::Single).unwrap();
    let decoder = decoder.with_threads(threads);
    let rows: Vec<_> = (0..3).map(|i| piece(20 + 7 * i, 90, i as i64)).collect();
    let sources: Vec<_> = (0..3)
        .map(|i| piece(9 + 5 * i, 90, 10 + i as i64).0)
        .collect();
    // Prefixes of unequal length, then the same number of steps.
    let lengths: Vec<usize> = rows.iter().map(|(tokens, _)| tokens.len() - 8).collect();
    let prefixes: Vec<_> = rows
        .iter()
        .zip(&lengths)
        .map(|((t, l), &n)| (&t[..n], &l[..n]))
        .collect();
    let sources: Vec<&[i64]> = sources.iter().map(Vec::as_slice).collect();
    let mut session = Session::new(&decoder, &sources, 3).unwrap();
    let mut logits = session.prime(&prefixes).unwrap().to_vec();
    for step in 0..8 {
        for (r, ((tokens, labels), &n)) in rows.iter().zip(&lengths).enumerate() {
            let expected = whole(
                decoder.network(),
                sources[r],
                &tokens[..n + step],
                &labels[..n + step],
            );
            assert_close(
                &logits[r * 90..(r + 1) * 90],
                &expected,
                1e-5,
                &format!("row {r} step {step}"),
            );
        }
        let next = rows
            .iter()
            .zip(&lengths)
            .map(|((t, l), &n)| (t[n + step], l[n + step]));
        let (tokens, labels): (Vec<i64>, Vec<i64>) = next.unzip();
        logits = session.step(&tokens, &labels).unwrap().to_vec();
    }
    // Dropping rows leaves the others as they are.
    session.keep(&[2, 0]).unwrap();
    assert_eq!(session.rows(), 2);
    assert_eq!(session.logits(), [&logits[180..], &logits[..90]].concat());
    let next = session.step(&[5, 6], &[0, 2]).unwrap().to_vec();
    for (r, (row, token, label)) in [(2, 5, 0), (0, 6, 2)].into_iter().enumerate() {
        let (mut tokens, mut labels) = rows[row].clone();
        tokens.push(token);
        labels.push(label);
        let expected = whole(decoder.network(), sources[row], &tokens, &labels);
        assert_close(&next[r * 90..(r + 1) * 90], &expected, 1e-5, "after keep");
    }
    // One row may become several, and a thread may be left without any.
    session.keep(&[1, 1]).unwrap();
    let next = session.step(&[7, 8], &[0, 0]).unwrap().to_vec();
    for (r, token) in [7, 8].into_iter().enumerate() {
        let (mut tokens, mut labels) = rows[0].clone();
        tokens.extend([6, token]);
        labels.extend([2, 0]);
        let expected = whole(decoder.network(), sources[0], &tokens, &labels);
        assert_close(&next[r * 90..(r + 1) * 90], &expected, 1e-5, "repeated");
    }
}

#[test]
fn one_source_and_prefix_serve_all_rows_and_repeat_bit_for_bit() {
    tch::set_num_threads(1);
    let decoder = Decoder::new(random_network(5), Arithmetic::Packed).unwrap();
    let (source, _) = piece(21, 90, 6);
    let (tokens, labels) = piece(16, 90, 7);
    let run = || {
        let mut session = Session::new(&decoder, &[&source], 4).unwrap();
        let mut all = session.prime(&[(&tokens, &labels)]).unwrap().to_vec();
        for i in 0..6 {
            // All rows outside, some inside, all inside a region.
            let labels = [[0; 4], [0, 1, 0, 2], [3, 1, 4, 2]][i as usize % 3];
            all.extend_from_slice(session.step(&[i, i + 20, i + 40, i], &labels).unwrap());
        }
        all
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    let row = |r: usize| &first[r * 90..(r + 1) * 90];
    assert_eq!(row(0), row(3), "one prefix gives all rows the same logits");
}

#[test]
fn a_full_context_is_primed_again_from_its_last_part() {
    tch::set_num_threads(1);
    let decoder = Decoder::new(random_network(8), Arithmetic::Single).unwrap();
    let (tokens, labels) = piece(80, 90, 1);
    let mut session = Session::new(&decoder, &[&[1, 2, 3]], 1).unwrap();
    session.prime(&[(&tokens[..60], &labels[..60])]).unwrap();
    for i in 60..64 {
        session.step(&tokens[i..=i], &labels[i..=i]).unwrap();
    }
    assert_eq!(session.remaining(), 0);
    assert!(
        session
            .step(&[1], &[0])
            .unwrap_err()
            .to_string()
            .contains("full")
    );
    let again = session
        .prime(&[(&tokens[40..64], &labels[40..64])])
        .unwrap();
    assert_close(
        again,
        &whole(
            decoder.network(),
            &[1, 2, 3],
            &tokens[40..64],
            &labels[40..64],
        ),
        1e-5,
        "again",
    );
    assert_eq!((session.context(0), session.remaining()), (24, 40));
}

#[test]
fn sessions_refuse_what_does_not_fit() {
    let decoder = Decoder::new(network("theme_transformer"), Arithmetic::Packed).unwrap();
    let source: &[i64] = &[1, 2, 3];
    assert!(Session::new(&decoder, &[], 1).is_err());
    assert!(Session::new(&decoder, &[source], 0).is_err());
    assert!(Session::new(&decoder, &[source, source], 3).is_err());
    assert!(Session::new(&decoder, &[&[]], 1).is_err());
    assert!(Session::new(&decoder, &[&[50]], 1).is_err());
    let mut session = Session::new(&decoder, &[source], 2).unwrap();
    assert!(session.prime(&[]).is_err());
    assert!(session.prime(&[(&[], &[])]).is_err());
    assert!(session.prime(&[(&[1, 2], &[0])]).is_err());
    assert!(session.prime(&[(&[1; 513], &[0; 513])]).is_err());
    assert!(session.prime(&[(&[1], &[-1])]).is_err());
    assert!(session.step(&[1], &[0]).is_err());
    assert!(session.step(&[1, 50], &[0, 0]).is_err());
    assert!(session.keep(&[]).is_err());
    assert!(session.keep(&[2]).is_err());
    assert!(session.step(&[1, 2], &[0, 0]).is_ok());
}
