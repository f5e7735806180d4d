//! The real program as a child process: started, read, stopped, killed.

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

/// How a program is started. Reusable: the same description starts it again after a kill.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    patience: Duration,
}

/// A running program that printed its address. Killed by its handle when dropped.
pub struct Serving {
    child: Child,
    address: String,
    lines: mpsc::Receiver<String>,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// A program at this path, without arguments. For `serve`, add it as the first argument.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            patience: Duration::from_secs(30),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets a variable of its environment; the rest is inherited.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets its working folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// How long it may take to print its address; 30 s unless told.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts it and waits for its first line of standard output, which is its address.
    ///
    /// # Panics
    /// When it cannot be started, ends, or prints nothing in time; the message holds what it logged.
    #[must_use]
    pub fn start(&self) -> Serving {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", self.path.display()));
        let (send, lines) = mpsc::channel();
        let output = child.stdout.take().expect("standard output is piped");
        // Both ends are read to the end, or a full pipe would stop the program.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody wants the lines any more: read on all the same.
                let _ = send.send(line);
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let mut errors = child.stderr.take().expect("standard error is piped");
        let kept = log.clone();
        thread::spawn(move || {
            let mut part = [0; 8192];
            while let Ok(count @ 1..) = errors.read(&mut part) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&part[..count]));
            }
        });
        let mut serving = Serving { child, address: String::new(), lines, log };
        match serving.line(self.patience) {
            Some(address) => {
                serving.address = address.trim().to_owned();
                serving
            }
            None => panic!("{} printed no address; its log:\n{}", self.path.display(), serving.log()),
        }
    }
}

impl Serving {
    /// The address that it printed, as printed.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output after the address; `None` when none comes in time or the program ended.
    pub fn line(&mut self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it at once, without a chance to finish anything (SIGKILL), and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop (SIGTERM) and gives its exit status, or `None` when it had to be killed after `patience`.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn stop(mut self, patience: Duration) -> Option<ExitStatus> {
        // The standard library sends SIGKILL only.
        let sent = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "the program is gone already; its log:\n{}", self.log());
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            pause();
        }
        None
    }

    fn end(&mut self) {
        // Gone already: just as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the end of a process of another program is no event to wait for in std")]
fn pause() {
    thread::sleep(Duration::from_millis(5));
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new("/bin/sh").arg("-c").arg(script).patience(Duration::from_secs(10))
    }

    #[test]
    fn the_first_line_is_the_address_and_later_ones_can_be_read() {
        let mut serving =
            shell("echo http://127.0.0.1:1; echo second $NAME; echo noise >&2; exec sleep 60").env("NAME", "x").start();
        assert_eq!(serving.address(), "http://127.0.0.1:1");
        assert_eq!(serving.line(Duration::from_secs(10)).as_deref(), Some("second x"));
        assert_eq!(serving.line(Duration::from_millis(20)), None);
        assert!(serving.is_running());
    }

    #[test]
    fn stop_lets_it_finish_and_kill_does_not() {
        let trap = shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done");
        assert_eq!(trap.start().stop(Duration::from_secs(10)).and_then(|status| status.code()), Some(7));
        let serving = trap.start();
        let id = serving.id();
        serving.kill();
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    #[should_panic(expected = "no reason given")]
    fn a_program_that_ends_without_an_address_fails_with_its_log() {
        let _ = shell("echo no reason given >&2; sleep 0.2; exit 1").start();
    }
}
