//! Compiles the C++ shim for packed products, and lets the program find libtorch where it was linked.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    // Set by torch-sys; absent when the program is built without networks.
    let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    // A package carries its libraries beside the program.
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/lib");

    println!("cargo:rerun-if-changed=src/nets/packed.cpp");
    let include = Path::new(&lib).with_file_name("include");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .define("_GLIBCXX_USE_CXX11_ABI", "1")
        .file("src/nets/packed.cpp")
        .compile("leitmotif_packed");
}
