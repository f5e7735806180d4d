//! Makes sure that the folder of the built desk exists, so that its absence neither fails the build nor repeats it.

fn main() {
    let desk = "../../web/desk/dist";
    // A watched folder that is missing makes cargo build this crate anew each time.
    if let Err(error) = std::fs::create_dir_all(desk) {
        println!("cargo::warning=cannot create {desk}: {error}");
    }
    println!("cargo::rerun-if-changed={desk}");
}
