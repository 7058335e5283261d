//! An interpreter in a process group of its own, fed over pipes and ended with everything that it started.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::failure::Failure;
use super::interrupt::Interrupt;
use super::system;

/// What the measured code may print before it is ended.
const OUTPUT_MEGABYTES: u64 = 16;
/// How often a wait looks for an interrupt, the time-out and too much output.
const LOOK: Duration = Duration::from_millis(25);
/// How long an interpreter that is told to stop may take.
const GRACE: Duration = Duration::from_millis(400);

const WORKER: &str = include_str!("worker.py");

/// What all interpreters of a run have in common.
#[derive(Debug)]
pub(super) struct Launcher {
    pub(super) python: PathBuf,
    pub(super) timeout: Duration,
    pub(super) memory_megabytes: u64,
    pub(super) interrupt: Interrupt,
    scratch: tempfile::TempDir,
    started: AtomicU32,
}

impl Launcher {
    pub(super) fn new(
        python: PathBuf,
        timeout: Duration,
        memory_megabytes: u64,
        interrupt: Interrupt,
    ) -> Result<Self, Failure> {
        if !system::SUPPORTED {
            return Err(Failure::Unsupported);
        }
        system::adopt_orphans();
        let scratch = tempfile::Builder::new()
            .prefix("concheck-")
            .tempdir()
            .map_err(Failure::Scratch)?;
        fs::write(scratch.path().join("concheck_worker.py"), WORKER).map_err(Failure::Scratch)?;
        fs::create_dir(scratch.path().join("work")).map_err(Failure::Scratch)?;
        Ok(Self {
            python,
            timeout,
            memory_megabytes,
            interrupt,
            scratch,
            started: AtomicU32::new(0),
        })
    }

    /// Starts an interpreter that finds modules in `roots`.
    pub(super) fn start(&self, roots: &[&str], options: &[&str]) -> Result<Interpreter, Failure> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{number}", std::process::id());
        let mut command = self.command(roots, options, &mark);
        let spawned = command.spawn().map_err(|source| Failure::NotStarted {
            python: self.python.display().to_string(),
            source,
        });
        let mut child = spawned?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(commands), Some(replies), Some(output)) = pipes else {
            unreachable!("all three were asked for");
        };
        let printed = Arc::new(AtomicU64::new(0));
        let interpreter = Interpreter {
            replies: replies_of(replies),
            commands: Some(commands),
            printed: Arc::clone(&printed),
            timeout: self.timeout,
            memory_megabytes: self.memory_megabytes,
            interrupt: self.interrupt.clone(),
            child,
            mark,
            left_behind: 0,
        };
        thread::spawn(move || count_output(output, &printed));
        Ok(interpreter)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts a process")]
    fn command(&self, roots: &[&str], options: &[&str], mark: &str) -> Command {
        let scratch = self.scratch.path();
        let mut command = Command::new(&self.python);
        command
            .args(options)
            .arg(scratch.join("concheck_worker.py"))
            .current_dir(scratch.join("work"))
            .env("PYTHONPATH", module_path(roots))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONHASHSEED", "0")
            .env("PYTHONWARNINGS", "ignore")
            .env("TMPDIR", scratch.join("work"))
            .env(system::MARKER, mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        system::own_group(&mut command);
        command
    }
}

/// The roots in front of what the user's own `PYTHONPATH` says.
fn module_path(roots: &[&str]) -> OsString {
    let own = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let inherited = std::env::split_paths(&own).filter(|path| !path.as_os_str().is_empty());
    let paths = roots.iter().map(|root| Path::new(root).to_path_buf()).chain(inherited);
    std::env::join_paths(paths).unwrap_or_default()
}

/// Reads the answers on a thread of its own, so that waiting for one can end early.
fn replies_of(replies: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(replies).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Takes what is printed off the pipe and keeps only its length.
fn count_output(mut output: ChildStderr, printed: &AtomicU64) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        printed.fetch_add(length as u64, Ordering::Relaxed);
    }
}

/// A running interpreter.
#[derive(Debug)]
pub(super) struct Interpreter {
    child: Child,
    commands: Option<ChildStdin>,
    replies: Receiver<String>,
    printed: Arc<AtomicU64>,
    timeout: Duration,
    memory_megabytes: u64,
    interrupt: Interrupt,
    mark: String,
    left_behind: usize,
}

impl Interpreter {
    /// The process's number.
    pub(super) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// Sends a command and waits for its answer; `doing` says what it does, for a person.
    pub(super) fn ask(&mut self, command: &Value, doing: &str) -> Result<(Value, Duration), Failure> {
        let start = Instant::now();
        let line = format!("{command}\n");
        let written = self.commands.as_mut().map(|pipe| pipe.write_all(line.as_bytes()));
        if !matches!(written, Some(Ok(()))) {
            return Err(self.why_ended(doing));
        }
        let reply = self.reply(start, doing)?;
        let elapsed = start.elapsed();
        let mut reply: Value = serde_json::from_str(&reply).map_err(|_| Failure::Garbled(doing.to_owned()))?;
        if let Some(error) = reply.get("error") {
            return Err(self.explained(error, doing));
        }
        Ok((reply["ok"].take(), elapsed))
    }

    fn reply(&mut self, start: Instant, doing: &str) -> Result<String, Failure> {
        loop {
            match self.replies.recv_timeout(LOOK) {
                Ok(line) => {
                    self.check_output(doing)?;
                    return Ok(line);
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.why_ended(doing)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.interrupt.has_come() {
                return Err(Failure::Interrupted);
            }
            self.check_output(doing)?;
            if start.elapsed() > self.timeout {
                return Err(Failure::TimedOut {
                    doing: doing.to_owned(),
                    seconds: self.timeout.as_secs(),
                });
            }
            // A copy of the process may hold the pipe open after the process itself has ended.
            if matches!(self.child.try_wait(), Ok(Some(_))) && self.replies.try_recv().is_err() {
                return Err(self.why_ended(doing));
            }
        }
    }

    fn check_output(&self, doing: &str) -> Result<(), Failure> {
        if self.printed.load(Ordering::Relaxed) <= OUTPUT_MEGABYTES * 1_000_000 {
            return Ok(());
        }
        Err(Failure::Output {
            doing: doing.to_owned(),
            megabytes: OUTPUT_MEGABYTES,
        })
    }

    fn why_ended(&mut self, doing: &str) -> Failure {
        let doing = format!("{doing} ran");
        let deadline = Instant::now() + GRACE;
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                _ => break None,
            }
        };
        let Some(status) = status else {
            return Failure::Garbled(doing);
        };
        match (system::signal_of(status), status.code()) {
            #[cfg(unix)]
            (Some(signal), _) => Failure::Killed {
                doing,
                signal: super::failure::signal_name(signal),
            },
            (_, code) => Failure::Exited {
                doing,
                code: code.unwrap_or(-1),
            },
        }
    }

    fn explained(&self, error: &Value, doing: &str) -> Failure {
        let text = |key: &str| error[key].as_str().unwrap_or_default();
        let what = match text("stage") {
            "import" => "importing its module".to_owned(),
            "inputs" => "evaluating its inputs".to_owned(),
            "target" => "finding it in its module".to_owned(),
            _ => doing.to_owned(),
        };
        if error["memory"] == Value::Bool(true) {
            return Failure::Memory {
                doing: what,
                megabytes: self.memory_megabytes,
            };
        }
        let (kind, message) = (text("kind"), text("text"));
        let colon = if message.is_empty() { "" } else { ": " };
        let at = match (text("file"), error["line"].as_u64()) {
            ("", _) | (_, None | Some(0)) => String::new(),
            (file, Some(line)) => format!(" ({file}:{line})"),
        };
        Failure::Raised(format!("{what} raises {kind}{colon}{message}{at}"))
    }

    /// Ends the interpreter and everything that it started; returns how many processes it would have left behind.
    pub(super) fn end(&mut self) -> usize {
        if self.commands.take().is_some() {
            let deadline = Instant::now() + GRACE;
            while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(2));
            }
            let ended_itself = matches!(self.child.try_wait(), Ok(Some(_)));
            let found = system::end_leftovers(self.child.id(), &self.mark);
            self.left_behind = if ended_itself { found } else { 0 };
            let _ = self.child.wait();
        }
        self.left_behind
    }

    /// Ends the interpreter without waiting for it.
    pub(super) fn end_now(&mut self) {
        self.commands = None;
        system::end_leftovers(self.child.id(), &self.mark);
        let _ = self.child.wait();
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        if self.commands.is_some() {
            self.end_now();
        }
    }
}
