//! One `serve` at a time on a data folder: a lock that dies with the process, however it dies.

use crate::Failure;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

const NAME: &str = "serve.lock";

/// The lock, held as long as this lives. The file says who holds it, for people.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// When another process holds it, naming that process; or when the folder cannot be written.
    pub fn take(data: &Path) -> Result<Self, Failure> {
        let path = data.join(NAME);
        // Not truncated before the lock is ours: the other one's number stands in it.
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = opened.map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Without its number the message still says what is the matter.
                let _ = file.read_to_string(&mut holder);
                let pid = holder.split_whitespace().next().unwrap_or("unknown");
                return Err(Failure::new(format!(
                    "another `onethread serve` (process {pid}) works in {}; stop it, or give another folder with --data",
                    data.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Failure::new(format!("cannot lock {}: {error}; is it on a network disk?", path.display())));
            }
        }
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(format!("{}\n", std::process::id()).as_bytes()))
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_with_the_first_ones_number() {
        let folder = tempfile::tempdir().unwrap();
        let held = ServeLock::take(folder.path()).unwrap();
        let refused = ServeLock::take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(held);
        ServeLock::take(folder.path()).unwrap();
    }
}
