//! Runs the program as it is built.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use super::{signal, wait_until};
use crate::graphql::Gateway;

/// The program, with nothing of our environment but the way to other programs.
pub fn jifen(arguments: &[&str]) -> Command {
    at(Path::new(env!("CARGO_BIN_EXE_jifen")), arguments)
}

/// A copy of the program, for a user who may not enter the build's directory.
pub fn at(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/").stdin(Stdio::null());
    for name in ["PATH", "JIFEN_PG_BIN"] {
        command.envs(env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// Copies a program that is to be run. By another process: in this one a test beside may fork just then, and whoever holds
/// a program open for writing keeps it from being run.
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").args([from, to]).status().unwrap();
    assert!(status.success(), "{status}");
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// `jifen serve`, killed at the end of the test.
pub struct Serving {
    child: Child,
    /// What it has printed.
    pub banner: String,
}

impl Serving {
    /// Starts it on a port that is free, and waits until it says that it is ready.
    pub fn start(mut command: Command, directory: &Path) -> Serving {
        let errors = directory.join("stderr");
        let stderr = File::options().create(true).append(true).open(&errors).unwrap();
        let mut child =
            command.env("JIFEN_LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        // it ends with the last of the requests to try, or with how to make a key
        while banner.matches("\n    -d '").count() < 3 && !banner.contains("key create") {
            if stdout.read_line(&mut banner).unwrap() == 0 {
                panic!("{banner}\n{}", fs::read_to_string(&errors).unwrap());
            }
        }
        Serving { child, banner }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        let address = |word: &str| word.strip_prefix("http://")?.strip_suffix("/graphql")?.parse().ok();
        let mut words = self.banner.split([' ', ',', '\n']);
        words.find_map(address).unwrap_or_else(|| panic!("{}", self.banner))
    }

    /// A gateway's client with the key that it printed.
    pub fn gateway(&self) -> Gateway {
        let (_, rest) = self.banner.split_once("  Key       ").unwrap_or_else(|| panic!("{}", self.banner));
        Gateway::at(self.address(), rest.split_whitespace().next().unwrap())
    }

    /// Ends it at once, whatever it does.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Sends it a signal; how it ended.
    pub fn stop(mut self, name: &str) -> ExitStatus {
        signal(name, self.child.id());
        let mut status = None;
        wait_until("it has ended", Duration::from_secs(60), || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}
