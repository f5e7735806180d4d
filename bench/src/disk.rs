//! How fast the disk makes a write durable, right now.

use crate::error::Result;
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

/// The file is overwritten in place after so many pages.
const PAGES: u64 = 1024;
const PAGE: usize = 4096;

/// Writes of 4 KiB, each made durable (`pwrite`, `fdatasync`), a second, in this folder.
pub fn durable_writes_per_second(folder: &Path, duration: Duration) -> Result<f64> {
    let path = folder.join("bench-disk-probe");
    let file = File::options().create(true).truncate(true).write(true).open(&path)?;
    let page = [0x5a_u8; PAGE];
    for number in 0..PAGES {
        file.write_all_at(&page, number * PAGE as u64)?;
    }
    file.sync_all()?;
    let (begun, mut count) = (Instant::now(), 0_u64);
    while begun.elapsed() < duration {
        file.write_all_at(&page, count % PAGES * PAGE as u64)?;
        file.sync_data()?;
        count += 1;
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
