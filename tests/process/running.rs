//! The commands of docs/running do what the pages say, on clusters of their own; and what is in deploy/ is well-formed.

use std::{
    env, fs,
    io::Write,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Directory, program::copy_program, signal};
use crate::common::{blocks, is_missing};
use jifen::database::CONNECTIONS;

/// Who may run PostgreSQL; None: we ourselves.
pub fn user(directory: &Directory) -> Option<(u32, u32)> {
    if !directory.is_roots() {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
        Some((fields.next()?, fields.next()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

/// Where PostgreSQL's programs are, those of clients among them, of which npm's package has none; None: nowhere, and a test
/// is skipped.
pub fn programs() -> Option<PathBuf> {
    const NEEDED: [&str; 6] = ["initdb", "pg_ctl", "pg_basebackup", "pg_verifybackup", "psql", "createdb"];
    let given = env::var_os("JIFEN_PG_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    // A link's target has the other programs beside it.
    let linked = env::split_paths(&path).filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok());
    let linked = linked.filter_map(|program| program.parent().map(Path::to_owned));
    let usual = (15..=18).rev().flat_map(|major| {
        [format!("/usr/lib/postgresql/{major}/bin"), format!("/usr/pgsql-{major}/bin")].map(PathBuf::from)
    });
    let has_all = |folder: &PathBuf| NEEDED.iter().all(|program| folder.join(program).exists());
    let found = given.into_iter().chain(linked).chain(usual).find(has_all);
    let debians = |program: &&str| is_missing(&format!("/usr/lib/postgresql/15/bin/{program}"), "postgresql-15");
    if found.is_none() {
        assert!(NEEDED.iter().any(debians), "that would have been found");
    }
    found.filter(|_| !is_missing("curl", "curl"))
}

/// Ends all processes of a group.
fn kill_group(leader: u32) {
    Command::new("/bin/sh").args(["-c", "kill -s KILL -- \"-$0\" 2>/dev/null", &leader.to_string()]).status().unwrap();
}

/// Runs what a page says after these commands, and compares what it prints.
fn run_page(name: &str, page: &str, before: &str, after: &str) {
    let Some(programs) = programs() else { return };
    let directory = Directory::new(name);
    let owner = user(&directory);
    let program = directory.0.join("jifen");
    copy_program(Path::new(env!("CARGO_BIN_EXE_jifen")), &program);
    for folder in ["archive", "one", "two"] {
        fs::create_dir(directory.0.join(folder)).unwrap();
    }
    let own = |path: &Path| {
        if let Some((uid, gid)) = owner {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
    };
    for path in ["", "archive", "one", "two"] {
        own(&directory.0.join(path));
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();

    let blocks = blocks(page);
    let mut script = format!("set -eu\n{MAKE}\n{before}\n");
    let mut expected: Vec<String> = Vec::new();
    for block in &blocks {
        match block.language.as_str() {
            "sh" => {
                script += &format!("echo '=== line {}'\n{}", block.line, block.text);
                expected.push(format!("=== line {}\n", block.line));
            }
            "text" => *expected.last_mut().unwrap() += &block.text,
            other => panic!("line {}: nothing runs {other}", block.line),
        }
    }
    assert!(expected.len() >= 3, "{expected:?}");
    script += &format!("\necho '=== end'\n{after}\n");

    let path = |name: &str| directory.0.join(name).display().to_string();
    let search = format!("{}:{}:{}:/usr/sbin", directory.0.display(), programs.display(), env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    // A group of its own, so that all of it can be ended; timeout stays in it.
    shell.args(["-c", "exec timeout -k 5 120 sh -s 2>&1"]).current_dir(&directory.0).env_clear().process_group(0);
    shell.envs([("PATH", search), ("PGUSER", "jifen".to_owned()), ("PGDATABASE", "postgres".to_owned())]);
    shell.envs([("no_proxy", "*"), ("JIFEN_LOG", "error")]);
    shell.envs([
        ("PGHOST", path("one")),
        ("PGDATA", path("data")),
        ("ARCHIVE", path("archive")),
        ("BACKUP", path("base")),
        ("RESTORED", path("restored")),
        ("STANDBY", path("standby")),
        ("STANDBY_HOST", path("two")),
        ("STANDBY_OPTIONS", format!("-c unix_socket_directories={}", path("two"))),
    ]);
    let hosts = format!("host={}&host={}&target_session_attrs=read-write", path("one"), path("two"));
    shell.env("OWNER_URL", format!("postgres://jifen@/postgres?{hosts}"));
    shell.env("DATABASE_URL", format!("postgres://jifen@/postgres?{hosts}"));
    shell.env("LOGIN_URL", format!("postgres://jifen_login@/postgres?{hosts}"));
    if let Some((uid, gid)) = owner {
        shell.uid(uid).gid(gid);
    }
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let leader = child.id();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    // Whatever came of it, nothing goes on; servers are in groups of their own.
    kill_group(leader);
    if let Ok(pid) = fs::read_to_string(directory.0.join("pgbouncer.pid")) {
        signal("KILL", pid.trim().parse().unwrap());
    }
    for cluster in ["data", "restored", "standby"] {
        let mut stop = Command::new(programs.join("pg_ctl"));
        stop.args(["stop", "-s", "-m", "immediate", "-D"]).arg(directory.0.join(cluster));
        if let Some((uid, gid)) = owner {
            stop.uid(uid).gid(gid);
        }
        stop.stderr(Stdio::null()).status().unwrap();
    }
    let printed = String::from_utf8(output.stdout).unwrap();
    let (_, printed) = printed.split_once("=== begin\n").unwrap_or_else(|| panic!("{printed}"));
    let printed = printed.split_once("=== end\n").map_or_else(|| panic!("it stopped: {printed}"), |(before, _)| before);
    assert_eq!(printed, expected.concat());
}

/// A cluster with a program in it, reached by a socket alone.
const MAKE: &str = r#"
initdb -D "$PGDATA" -U jifen --auth=trust --no-sync -E UTF8 --locale=C >/dev/null
printf "listen_addresses = ''\nunix_socket_directories = '%s'\n" "$PGHOST" >>"$PGDATA/postgresql.conf"
pg_ctl start -s -w -l "$PGDATA/server.log"
jifen migrate --demo >/dev/null"#;

#[test]
fn backup_and_going_back_to_an_instant() {
    run_page("backup", include_str!("../../docs/running/backup.md"), "echo '=== begin'", "");
}

#[test]
fn failover_to_a_standby() {
    run_page("failover", include_str!("../../docs/running/failover.md"), "echo '=== begin'", "");
}

#[test]
fn pgbouncer_beside_gateways() {
    if is_missing("pgbouncer", "pgbouncer") {
        return;
    }
    let page = include_str!("../../docs/running/pgbouncer.md");
    assert!(page.contains(&format!("of at most {CONNECTIONS} connections")));
    run_page("pgbouncer", page, "echo '=== begin'", "");
}

#[test]
fn upgrade_with_old_and_new_gateways_side_by_side() {
    // Ports that are free: of the page's own, somebody else may have one.
    let page = include_str!("../../docs/running/upgrade.md")
        .replace("127.0.0.1:8081 >", "127.0.0.1:0 >")
        .replace("NEW=$!\n", "NEW=$!\nNEW_PORT=$(port new.log)\n")
        .replace("8080", "$OLD_PORT")
        .replace("8081", "$NEW_PORT");
    let before = r#"
port() { until sed -n '/ready/s|.*127\.0\.0\.1:\([0-9]*\)/graphql.*|\1|p' "$1" | grep .; do sleep 0.1; done; }
psql -X -q -c 'create role jifen_login login in role jifen_gateway'
export JIFEN_KEY=$(jifen key create shop --scopes earn 2>/dev/null)
export DATABASE_URL="$LOGIN_URL"
jifen serve --listen 127.0.0.1:0 >old.log 2>&1 &
OLD=$!
OLD_PORT=$(port old.log)
until curl -sf "http://127.0.0.1:$OLD_PORT/readyz" >/dev/null; do kill -0 $OLD || { cat old.log; exit 1; }; sleep 0.2; done
echo '=== begin'"#;
    run_page("upgrade", &page, before, "kill $NEW");
}

#[test]
fn a_login_of_its_own_that_may_not_migrate_is_told_who_has_to() {
    let page = "```sh\ncreatedb empty\n```\n```sh\njifen serve 2>&1 | grep -o 'Run `jifen migrate`' || true\n```\n```text\nRun `jifen migrate`\n```\n```sh\ntrue\n```\n";
    let before = r#"
psql -X -q -c 'create role jifen_login login in role jifen_gateway'
export DATABASE_URL="postgres://jifen_login@/empty?host=$PGHOST" JIFEN_LISTEN=127.0.0.1:0
echo '=== begin'"#;
    run_page("login", page, before, "");
}

#[test]
fn systemd_takes_the_unit() {
    const UNIT: &str = include_str!("../../deploy/jifen.service");
    for line in ["ExecStart=/usr/local/bin/jifen serve", "DynamicUser=yes", "KillSignal=SIGTERM"] {
        assert!(UNIT.lines().any(|given| given == line), "{line}");
    }
    if is_missing("systemd-analyze", "systemd") {
        return;
    }
    let directory = Directory::new("unit");
    let unit = directory.0.join("jifen.service");
    // The program is not where it will be.
    fs::write(&unit, UNIT.replace("/usr/local/bin/jifen", "/bin/true")).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output().unwrap();
    // The machine's own units are none of ours.
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().filter(|line| line.contains("jifen.service")).collect::<Vec<_>>(), [""; 0]);
    assert!(output.status.success() || !said.trim().is_empty(), "{}", output.status);
}
