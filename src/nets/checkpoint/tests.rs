use super::*;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/nets");

fn data(name: &str) -> PathBuf {
    Path::new(DATA).join(name)
}

fn same(a: &Tensor, b: &Tensor) -> bool {
    a.size() == b.size() && a.kind() == b.kind() && a.equal(b)
}

#[test]
fn every_format_holds_the_same_tensors() {
    let pairs = [
        (
            "theme_transformer/weights.safetensors",
            "theme_transformer/weights.pt",
            "",
        ),
        (
            "theme_transformer_relu/weights.safetensors",
            "theme_transformer_relu/weights.pt",
            "model.",
        ),
        (
            "music_transformer/weights.safetensors",
            "music_transformer/weights.pickle",
            "",
        ),
        (
            "musegan/generator.safetensors",
            "musegan/model.pt",
            "generator.",
        ),
    ];
    for (plain, pickled, prefix) in pairs {
        let (plain, pickled) = (read(&data(plain)).unwrap(), read(&data(pickled)).unwrap());
        assert_eq!(plain.len(), pickled.len());
        for (name, tensor) in &plain {
            let other = pickled
                .get(&format!("{prefix}{name}"))
                .unwrap_or_else(|| panic!("{name} is missing"));
            assert!(same(tensor, other), "{name} differs");
        }
    }
}

#[test]
fn written_files_read_back_and_repeat_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = read(&data("theme_transformer/weights.safetensors")).unwrap();
    let (single, half) = (
        folder.path().join("single.safetensors"),
        folder.path().join("half.safetensors"),
    );
    write(&single, &tensors, Precision::Single).unwrap();
    write(&half, &tensors, Precision::Half).unwrap();
    let (back, rounded) = (read(&single).unwrap(), read(&half).unwrap());
    for (name, tensor) in &tensors {
        assert!(same(tensor, &back[name]));
        assert_eq!(rounded[name].kind(), Kind::Half);
        let worst = (tensor - rounded[name].to_kind(Kind::Float))
            .abs()
            .max()
            .double_value(&[]);
        assert!(worst < 2e-3, "{name}: {worst}");
    }
    let length = |path: &Path| std::fs::metadata(path).unwrap().len();
    assert!(length(&half) < length(&single) * 6 / 10);
    let digest = sha256(&single).unwrap();
    write(&single, &tensors, Precision::Single).unwrap();
    assert_eq!(digest, sha256(&single).unwrap());
    assert_ne!(digest, sha256(&half).unwrap());
}

#[test]
fn the_digest_is_the_one_that_sha256sum_prints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abc");
    std::fs::write(&path, "abc").unwrap();
    assert_eq!(
        sha256(&path).unwrap(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn filling_finds_the_prefix_and_says_what_does_not_fit() {
    let float = (Kind::Float, tch::Device::Cpu);
    let store = VarStore::new(tch::Device::Cpu);
    let weight = (store.root() / "layer").zeros("weight", &[2, 3]);
    let _bias = (store.root() / "layer").zeros("bias", &[2]);
    let file = |weight: &[i64], bias: &str| {
        Tensors::from([
            ("epoch".to_owned(), Tensor::ones([1], float)),
            (
                "net.module.layer.weight".to_owned(),
                Tensor::ones(weight, (Kind::Half, tch::Device::Cpu)),
            ),
            (format!("net.module.layer.{bias}"), Tensor::ones([2], float)),
        ])
    };
    fill(&store, &file(&[2, 3], "bias")).unwrap();
    assert_eq!(weight.sum(Kind::Float).double_value(&[]), 6.0);
    assert!(matches!(
        fill(&store, &file(&[3, 2], "bias")),
        Err(CheckpointError::Shape { name, found, expected }) if name == "layer.weight" && found == [3, 2] && expected == [2, 3]
    ));
    assert!(matches!(
        fill(&store, &file(&[2, 3], "other")),
        Err(CheckpointError::Missing { missing: 1, expected: 2, first }) if first == "layer.bias"
    ));
    let mut broken = file(&[2, 3], "bias");
    broken.insert(
        "net.module.layer.weight".to_owned(),
        Tensor::full([2, 3], 5.0, float),
    );
    broken.insert(
        "net.module.layer.bias".to_owned(),
        Tensor::from_slice(&[1.0_f32, f32::NAN]),
    );
    assert!(
        matches!(fill(&store, &broken), Err(CheckpointError::NotFinite { name }) if name == "layer.bias")
    );
    assert_eq!(
        weight.sum(Kind::Float).double_value(&[]),
        6.0,
        "a file that does not fit must change nothing"
    );
}

#[test]
fn files_of_other_kinds_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty.pt", &b""[..]),
        ("song.mid", b"MThd\0\0\0\x06"),
        ("zip.pt", b"PK\x03\x04 and no more"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
    let missing = read(&folder.path().join("missing.pt")).unwrap_err();
    assert!(matches!(missing, CheckpointError::Io { .. }));
}

/// Every pickle opcode is data: a stream that calls a system function builds nothing and runs nothing.
#[test]
fn pickled_code_is_never_executed() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("executed");
    let command = format!("touch {}", mark.display());
    let mut stream = b"\x80\x02cposix\nsystem\nX".to_vec();
    stream.extend((command.len() as u32).to_le_bytes());
    stream.extend(command.as_bytes());
    stream.extend(b"\x85R.");
    let parsed = pickle::read(&stream).unwrap();
    assert!(matches!(parsed.node(parsed.root), pickle::Node::Opaque));
    assert!(!mark.exists());
}

fn archive_with(stream: &[u8], path: &Path) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    archive
        .start_file("own/data.pkl", zip::write::SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut archive, stream).unwrap();
    archive.finish().unwrap();
}

/// A dictionary that contains itself is walked to a limit, not for ever.
#[test]
fn dictionaries_without_end_are_refused() {
    // d = {}; d["a"] = d.
    let own: &[u8] = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.";
    // Each dictionary holds the one before twice: 2^40 names.
    let mut doubled = b"\x80\x02}q\x00".to_vec();
    for i in 1..40_u8 {
        doubled.extend([
            b'}',
            b'q',
            i,
            b'(',
            b'K',
            0,
            b'h',
            i - 1,
            b'K',
            1,
            b'h',
            i - 1,
            b'u',
        ]);
    }
    doubled.push(b'.');
    let folder = tempfile::tempdir().unwrap();
    for stream in [own, &doubled] {
        let path = folder.path().join("own.pt");
        archive_with(stream, &path);
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("nested without end"), "{message}");
    }
}

/// Views of a storage: transposed ones are read as they are, those that reach beyond it are refused.
#[test]
fn views_are_checked_against_their_storage() {
    let bytes: Vec<u8> = (0..6_u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
    let transposed = storage::view(&bytes, Kind::Float, 0, &[3, 2], &[1, 3]).unwrap();
    assert!(
        transposed.equal(&Tensor::from_slice(&[0.0_f32, 3.0, 1.0, 4.0, 2.0, 5.0]).view([3, 2]))
    );
    let tail = storage::view(&bytes, Kind::Float, 4, &[2], &[1]).unwrap();
    assert!(tail.equal(&Tensor::from_slice(&[4.0_f32, 5.0])));
    for (offset, shape, strides) in [
        (0, vec![7], vec![1]),
        (5, vec![2], vec![1]),
        (-1, vec![2], vec![1]),
        (0, vec![2, 3], vec![4, 1]),
        (0, vec![2], vec![i64::MAX]),
        (0, vec![1 << 40], vec![0]),
        (0, vec![i64::MAX, i64::MAX], vec![1, 1]),
        (0, vec![2], vec![1, 1]),
        (0, vec![-2], vec![1]),
    ] {
        assert!(
            storage::view(&bytes, Kind::Float, offset, &shape, &strides).is_err(),
            "{offset} {shape:?} {strides:?}"
        );
    }
}

/// Damaged files: bytes changed, cut off. Reading ends with tensors or an error that names the file, never with a panic.
#[test]
fn damaged_files_never_panic() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_pcg::Pcg64::seed_from_u64(11);
    let folder = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for name in [
        "theme_transformer_relu/weights.safetensors",
        "musegan/model.pt",
        "music_transformer/weights.pickle",
    ] {
        let original = std::fs::read(data(name)).unwrap();
        let path = folder.path().join("mutant");
        for round in 0..150 {
            let mut bytes = original.clone();
            // Most hits go where the structure is: a header, a pickle, an archive's directory.
            let structure = bytes.len().min(6000);
            for _ in 0..rng.random_range(1..6) {
                let at = match round % 3 {
                    0 => rng.random_range(0..bytes.len()),
                    1 => bytes.len() - 1 - rng.random_range(0..structure),
                    _ => rng.random_range(0..structure),
                };
                bytes[at] = rng.random();
            }
            if round % 5 == 0 {
                bytes.truncate(rng.random_range(0..original.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            if let Err(error) = read(&path) {
                refused += 1;
                assert!(error.to_string().contains("mutant"), "{error}");
            }
        }
    }
    assert!(
        refused > 100,
        "only {refused} of 450 were refused: are the mutants damaged at all?"
    );
}
