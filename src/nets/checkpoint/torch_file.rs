//! What `torch.save` writes: a zip archive with a pickle and one entry per storage, or (before PyTorch 1.6) a chain of
//! pickles followed by the storages.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};

use tch::{Kind, Tensor};
use zip::ZipArchive;

use super::Tensors;
use super::pickle::{self, Id, Node, Pickle, TensorView};
use super::storage;

/// The long number that starts an older file, as pickled by any protocol from 2.
const LEGACY_MAGIC: &[u8] = &[
    0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
];
/// How many times the size of the file an entry may have, and what a small file's compressed pickle may have besides.
const MOST_EXPANDED: u64 = 16;
const PICKLE_ROOM: u64 = 16 << 20;
/// Values visited while names are collected: more means a dictionary that contains itself many times over.
const MAX_VISITED: usize = 1_000_000;
/// Dictionaries inside dictionaries.
const MAX_DEPTH: usize = 32;

pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

pub(super) fn is_legacy(bytes: &[u8]) -> bool {
    bytes
        .get(2..)
        .is_some_and(|rest| rest.starts_with(LEGACY_MAGIC))
}

/// The kind that a storage class or a dtype stands for.
fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "torch FloatStorage" | "torch float32" => Kind::Float,
        "torch HalfStorage" | "torch float16" => Kind::Half,
        "torch BFloat16Storage" | "torch bfloat16" => Kind::BFloat16,
        "torch DoubleStorage" | "torch float64" => Kind::Double,
        "torch LongStorage" | "torch int64" => Kind::Int64,
        "torch IntStorage" | "torch int32" => Kind::Int,
        "torch ShortStorage" | "torch int16" => Kind::Int16,
        "torch CharStorage" | "torch int8" => Kind::Int8,
        "torch ByteStorage"
        | "torch uint8"
        | "torch.storage UntypedStorage"
        | "torch UntypedStorage" => Kind::Uint8,
        "torch BoolStorage" | "torch bool" => Kind::Bool,
        _ => return None,
    })
}

/// Where a storage's bytes are found.
#[derive(Clone, Debug)]
struct StorageKey {
    kind: Kind,
    key: String,
}

/// `('storage', class, key, device, elements)`
fn storage_key(pickle: &Pickle, id: Id) -> Result<StorageKey, String> {
    let bad = || "a tensor's storage is described in an unknown way".to_owned();
    let items = pickle.items(id).ok_or_else(bad)?;
    let item = |i: usize| items.get(i).copied().ok_or_else(bad);
    if pickle.text(item(0)?) != Some("storage") {
        return Err(bad());
    }
    let Node::Global(class) = pickle.node(item(1)?) else {
        return Err(bad());
    };
    let kind =
        kind_of(class).ok_or_else(|| format!("tensors of the type {class} are not supported"))?;
    let key = pickle.text(item(2)?).ok_or_else(bad)?.to_owned();
    Ok(StorageKey { kind, key })
}

/// Names and views of every tensor, dictionaries and lists flattened with dots.
fn tensors_of(pickle: &Pickle) -> Result<BTreeMap<String, &TensorView>, String> {
    let mut found = BTreeMap::new();
    let mut visited = 0;
    let mut open = vec![(pickle.root, String::new(), 0_usize)];
    while let Some((id, name, depth)) = open.pop() {
        visited += 1;
        if visited > MAX_VISITED || depth > MAX_DEPTH {
            return Err("dictionaries nested without end".to_owned());
        }
        let under = |key: &str| {
            if name.is_empty() {
                key.to_owned()
            } else {
                format!("{name}.{key}")
            }
        };
        match pickle.node(id) {
            Node::Tensor(view) => drop(found.insert(name, view)),
            Node::Dict(items) => {
                for &(key, value) in items {
                    let key = match pickle.node(key) {
                        Node::Text(text) => text.clone(),
                        Node::Int(number) => number.to_string(),
                        _ => continue,
                    };
                    open.push((value, under(&key), depth + 1));
                }
            }
            Node::Tuple(items) | Node::List(items) => {
                open.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(i, &item)| (item, under(&i.to_string()), depth + 1)),
                );
            }
            _ => {}
        }
    }
    if found.is_empty() {
        return Err(
            "no tensors in it: save model.state_dict(), not the model or something else".to_owned(),
        );
    }
    Ok(found)
}

/// Builds the tensors from their storages.
fn assemble(pickle: &Pickle, storages: &HashMap<String, Vec<u8>>) -> Result<Tensors, String> {
    let mut tensors = Tensors::new();
    for (name, view) in tensors_of(pickle)? {
        let at = |reason: String| format!("tensor {name}: {reason}");
        let StorageKey { kind, key } = storage_key(pickle, view.storage).map_err(at)?;
        let kind = match &view.dtype {
            None => kind,
            Some(dtype) => {
                kind_of(dtype).ok_or_else(|| at(format!("the type {dtype} is not supported")))?
            }
        };
        let bytes = storages
            .get(&key)
            .ok_or_else(|| at(format!("its storage {key} is missing")))?;
        let tensor: Tensor =
            storage::view(bytes, kind, view.offset, &view.shape, &view.strides).map_err(at)?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

/// A zip archive: `NAME/data.pkl` and `NAME/data/KEY`.
pub(super) fn read_zip(bytes: &[u8]) -> Result<Tensors, String> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("damaged archive: {e}"))?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    let main = names
        .iter()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let main = main.ok_or("a zip archive, but not one of torch.save: it has no data.pkl")?;
    let folder = main.strip_suffix("data.pkl").unwrap_or_default().to_owned();
    let mut entry = |name: &str| -> Result<Vec<u8>, String> {
        let mut entry = archive.by_name(name).map_err(|e| format!("{name}: {e}"))?;
        // torch.save does not compress and weights hardly can be; more than this is damage or malice.
        let size = entry.size();
        if size > MOST_EXPANDED * bytes.len() as u64 + PICKLE_ROOM {
            return Err(format!("{name} claims to be far larger than the file"));
        }
        let mut content = Vec::with_capacity(size.min(bytes.len() as u64) as usize);
        entry
            .by_ref()
            .take(size + 1)
            .read_to_end(&mut content)
            .map_err(|e| format!("{name}: {e}"))?;
        if content.len() as u64 == size {
            Ok(content)
        } else {
            Err(format!("{name} is not as long as it says"))
        }
    };
    if names.contains(&format!("{folder}byteorder"))
        && entry(&format!("{folder}byteorder"))?.trim_ascii() != b"little"
    {
        return Err("written by a big-endian machine: save it again on a common one".to_owned());
    }
    let pickle = pickle::read(&entry(main)?)?;
    let mut storages = HashMap::new();
    for view in tensors_of(&pickle)?.values() {
        let StorageKey { key, .. } = storage_key(&pickle, view.storage)?;
        // Tied weights share a storage.
        if let Entry::Vacant(place) = storages.entry(key) {
            let content = entry(&format!("{folder}data/{}", place.key()))?;
            place.insert(content);
        }
    }
    assemble(&pickle, &storages)
}

/// The format before PyTorch 1.6: magic, protocol, system, values, storage keys, then the storages in that order.
pub(super) fn read_legacy(bytes: &[u8]) -> Result<Tensors, String> {
    let mut at = 0;
    let mut next = || -> Result<Pickle, String> {
        let pickle = pickle::read(bytes.get(at..).unwrap_or_default())?;
        at += pickle.length;
        Ok(pickle)
    };
    let (_magic, _protocol, _system) = (next()?, next()?, next()?);
    let values = next()?;
    let order = next()?;
    let mut kinds = HashMap::new();
    for view in tensors_of(&values)?.values() {
        let StorageKey { kind, key } = storage_key(&values, view.storage)?;
        kinds.insert(key, kind);
    }
    let mut storages = HashMap::new();
    for &id in order
        .items(order.root)
        .ok_or("the list of storages is missing")?
    {
        let key = order.text(id).ok_or("a storage without a name")?;
        let cut = || format!("the file ends inside storage {key}");
        let count = bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<8>())
            .map(|b| u64::from_le_bytes(*b))
            .ok_or_else(cut)?;
        at += 8;
        // Storages that no tensor uses have an unknown element size, and what follows them cannot be found.
        let kind = kinds
            .get(key)
            .ok_or_else(|| format!("storage {key} belongs to no tensor"))?;
        let length = usize::try_from(count)
            .ok()
            .and_then(|n| n.checked_mul(kind.elt_size_in_bytes()))
            .ok_or_else(cut)?;
        let content = at
            .checked_add(length)
            .and_then(|end| bytes.get(at..end))
            .ok_or_else(cut)?;
        at += length;
        storages.insert(key.to_owned(), content.to_vec());
    }
    assemble(&values, &storages)
}
