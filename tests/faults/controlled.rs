//! A PostgreSQL server of a test's own that pg_ctl starts, for what the embedded one is not made for.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use jifen::{
    database::{connect, parse_url},
    migrate,
};
use tokio_postgres::Client;

use super::own_server::children;
use crate::{
    graphql::until_within,
    process::{Directory, is_running, running, signal},
};

/// Stopped at the end; its directory is another's.
pub struct Controlled {
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    data: PathBuf,
    /// The server's log is there, too.
    socket: PathBuf,
    /// Of the server, beside the way to other programs.
    environment: Vec<(String, String)>,
    /// Stops the server when its standard input is closed, at the end or because this process was killed.
    guard: Child,
}

impl Controlled {
    /// One that is yet to be made; None: its programs are not there, and the test is skipped.
    pub fn new(directory: &Directory, name: &str, environment: &[(&str, &str)]) -> Option<Controlled> {
        let programs = running::programs()?;
        let owner = running::user(directory);
        let [data, socket] = ["", "-socket"].map(|rest| directory.0.join(format!("{name}{rest}")));
        for path in [&data, &socket] {
            fs::create_dir(path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
            if let Some((user, group)) = owner {
                chown(path, Some(user), Some(group)).unwrap();
            }
        }
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", r#"trap '' HUP INT TERM; read -r _; exec "$@""#, "guard"]).arg(programs.join("pg_ctl"));
        guard.args(["stop", "-s", "-w", "-m", "immediate", "-D"]).arg(&data);
        let guard = plain(&mut guard, owner).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = guard.spawn().unwrap();
        Some(Controlled { programs, owner, data, socket, environment, guard })
    }

    fn try_run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.programs.join(program));
        plain(&mut command, self.owner).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.output().unwrap()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.try_run(program, arguments);
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}\n{log}");
    }

    fn data(&self) -> &str {
        self.data.to_str().unwrap()
    }

    pub fn socket(&self) -> &str {
        self.socket.to_str().unwrap()
    }

    fn log(&self) -> String {
        format!("{}/log", self.socket())
    }

    /// An empty cluster.
    pub fn make(&self) {
        self.run(
            "initdb",
            &["-D", self.data(), "-U", "jifen", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        );
    }

    /// A copy of a server that can be reached like this, which will follow it.
    pub fn follow(&self, primary: &str) {
        for entry in fs::read_dir(&self.data).unwrap().flatten() {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.unwrap();
        }
        let from = format!("{primary} user=jifen application_name=standby");
        self.run("pg_basebackup", &["-D", self.data(), "-X", "stream", "-c", "fast", "-N", "-R", "-d", &from]);
    }

    /// As with [`super::own_server::OwnServer`], fsync is off.
    pub fn start(&self) {
        let socket = format!("-c unix_socket_directories={}", self.socket());
        let rest = "-c listen_addresses='' -c fsync=off -c shared_buffers=64MB -c timezone=UTC -c jit=off -c max_connections=120";
        self.run(
            "pg_ctl",
            &["start", "-s", "-w", "-D", self.data(), "-l", &self.log(), "-o", &format!("{socket} {rest}")],
        );
    }

    /// With schema and program.
    pub async fn migrate(&self) {
        let mut owner = self.client().await;
        migrate::migrate(&mut owner, 8).await.unwrap();
        migrate::load_demo(&owner).await.unwrap();
    }

    pub fn promote(&self) {
        self.run("pg_ctl", &["promote", "-s", "-w", "-D", self.data()]);
    }

    /// A superuser's connection.
    pub async fn client(&self) -> Client {
        connect(&parse_url(&self.url()).unwrap()).await.unwrap()
    }

    pub fn url(&self) -> String {
        format!("postgres://jifen@/postgres?host={}", self.socket())
    }

    fn postmaster(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        pid.lines().next()?.trim().parse().ok()
    }

    /// Kills all its processes.
    pub async fn kill(&self) {
        let postmaster = self.postmaster().unwrap();
        let mut all = children(postmaster);
        all.insert(0, postmaster);
        all.iter().for_each(|&process| signal("KILL", process));
        until_within(Duration::from_secs(20), "it is dead", async || !all.iter().any(|&process| is_running(process)))
            .await;
        // The number of its process may be another's soon.
        fs::remove_file(self.data.join("postmaster.pid")).unwrap();
    }

    /// Fails if any of its processes is left.
    pub fn stop(&self) {
        let Some(postmaster) = self.postmaster() else { return };
        let mut all = children(postmaster);
        all.push(postmaster);
        self.try_run("pg_ctl", &["stop", "-s", "-w", "-m", "fast", "-D", self.data()]);
        assert!(!all.iter().any(|&process| is_running(process)));
    }
}

impl Drop for Controlled {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}

/// As this user, with nothing of this process's environment but the way to programs.
fn plain(command: &mut Command, owner: Option<(u32, u32)>) -> &mut Command {
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).current_dir("/");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
