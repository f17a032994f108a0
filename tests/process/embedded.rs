//! Servers of our own: their data, their refusals, and that none outlives its owner.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};

use jifen::embedded::{Durability, Error, Options, Server, durable_settings};

use super::{Directory, NOBODY, assert_stopped, is_running, processes_of, program::copy_program, signal, wait_until};

/// The variable that gives a test which runs in a process of its own its directory.
const OWNER_DIRECTORY: &str = "JIFEN_TEST_OWNER_DIRECTORY";

fn options(data_dir: PathBuf, durability: Durability) -> Options {
    Options {
        data_dir,
        durability,
        settings: Vec::new(),
        max_connections: 20,
        pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
    }
}

async fn query(server: &Server, sql: &str) -> Vec<String> {
    let config = tokio_postgres::Config::from_str(&server.url("postgres")).unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let rows = client.simple_query(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    rows.iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect()
}

/// Runs one of the ignored tests below as a process of its own.
fn run_apart(test: &str, directory: &Path, user: Option<u32>) -> Child {
    // the build's directory may be closed to that user
    let program = directory.join("program");
    if !program.exists() {
        copy_program(&env::current_exe().unwrap(), &program);
    }
    let mut command = Command::new(program);
    command
        .args(["--exact", &format!("process::embedded::{test}")])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(OWNER_DIRECTORY, directory)
        .current_dir("/")
        .stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user).gid(user).env_remove("HOME");
    }
    command.spawn().unwrap()
}

fn owner_directory() -> PathBuf {
    PathBuf::from(env::var_os(OWNER_DIRECTORY).expect("run by another test only"))
}

#[tokio::test]
async fn data_survives_a_stop() {
    let directory = Directory::new("data");
    let server = Server::start(options(directory.data(), Durability::Durable)).await.unwrap();
    query(&server, "create table kept as select 積分 from (values (8)) t(積分)").await;
    let shown = |name: &str| format!("select current_setting('{name}')");
    for (name, value) in durable_settings() {
        // 1GB is 1024MB
        let value = match value.as_str() {
            "1024MB" => "1GB".to_owned(),
            _ => value,
        };
        assert_eq!(query(&server, &shown(&name)).await, [value], "{name}");
    }
    assert_eq!(query(&server, &shown("listen_addresses")).await, [""]);
    assert_eq!(query(&server, &shown("server_encoding")).await, ["UTF8"]);
    assert_eq!(
        query(
            &server,
            "select current_user || datcollate || datlocprovider::text from pg_database where datname = 'template1'"
        )
        .await,
        ["jifenCc"]
    );
    let socket = fs::metadata(server.socket_dir()).unwrap();
    assert_eq!(socket.mode() & 0o777, 0o700);
    let pid = server.postmaster_pid();
    server.stop().await.unwrap();
    assert!(!is_running(pid));
    let log = fs::read_to_string(directory.data().join("postgres.log")).unwrap();
    assert!(log.contains("received fast shutdown request"), "{log}");

    let server = Server::start(options(directory.data(), Durability::Durable)).await.unwrap();
    assert_eq!(query(&server, "select 積分 from kept").await, ["8"]);
    server.stop().await.unwrap();
    assert_stopped(&directory.0);

    let refused = Server::start(options(directory.data(), Durability::ThrowAway)).await;
    assert!(matches!(refused, Err(Error::HasData { .. })));
    assert!(directory.data().join("postgres/PG_VERSION").exists());
}

#[tokio::test]
async fn a_throw_away_server_leaves_nothing() {
    let directory = Directory::new("throw");
    let server = Server::start(Options {
        settings: vec![("work_mem".to_owned(), "7MB".to_owned())],
        ..options(directory.data(), Durability::ThrowAway)
    })
    .await
    .unwrap();
    assert_eq!(query(&server, "show fsync").await, ["off"]);
    assert_eq!(query(&server, "show work_mem").await, ["7MB"]);
    assert_eq!(query(&server, "show max_connections").await, ["20"]);
    server.stop().await.unwrap();
    assert!(!directory.data().exists());
}

#[tokio::test]
async fn dropping_a_server_stops_it() {
    let directory = Directory::new("drop");
    let server = Server::start(options(directory.data(), Durability::ThrowAway)).await.unwrap();
    let pid = server.postmaster_pid();
    drop(server);
    wait_until("the server is gone", Duration::from_secs(15), || {
        !is_running(pid) && processes_of(&directory.0).is_empty()
    });
    // the guard may remove the directory only where it belongs to the server's user
    wait_until("its data is gone", Duration::from_secs(5), || {
        fs::read_dir(directory.data()).map_or(true, |mut entries| entries.next().is_none())
    });
}

#[tokio::test]
async fn a_second_server_on_a_directory_is_refused() {
    let directory = Directory::new("second");
    let server = Server::start(options(directory.data(), Durability::ThrowAway)).await.unwrap();
    let refused = Server::start(options(directory.data(), Durability::ThrowAway)).await.unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }));
    let pid = format!("process {}", std::process::id());
    assert!(refused.to_string().contains(&pid), "{refused}");
    assert_eq!(query(&server, "select 1").await, ["1"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let directory = Directory::new("long");
    let data = directory.0.join("x".repeat(90)).join("y z, \"q\" 積分");
    let server = Server::start(options(data, Durability::ThrowAway)).await.unwrap();
    let socket = server.socket_dir().to_owned();
    assert!(socket.starts_with("/tmp") && socket.as_os_str().len() < 20, "{socket:?}");
    assert_eq!(query(&server, "select 1").await, ["1"]);
    server.stop().await.unwrap();
    assert!(!socket.exists());

    let data = directory.0.join("积分 &?%");
    let server = Server::start(options(data.clone(), Durability::ThrowAway)).await.unwrap();
    assert!(server.socket_dir().starts_with(&data));
    assert_eq!(query(&server, "select 1").await, ["1"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_failed_start_says_what_the_server_said() {
    let directory = Directory::new("fails");
    let error = Server::start(Options {
        settings: vec![("shared_buffers".to_owned(), "many".to_owned())],
        ..options(directory.data(), Durability::ThrowAway)
    })
    .await
    .unwrap_err();
    assert!(error.to_string().contains("invalid value for parameter \"shared_buffers\": \"many\""), "{error}");

    let error =
        Server::start(Options { pg_bin: Some("/usr/bin".into()), ..options(directory.data(), Durability::ThrowAway) })
            .await
            .unwrap_err();
    assert!(error.to_string().contains("JIFEN_PG_BIN"), "{error}");
}

#[tokio::test]
async fn another_versions_database_is_refused() {
    let directory = Directory::new("major");
    let server = Server::start(options(directory.data(), Durability::Durable)).await.unwrap();
    let bin_dir = server.bin_dir().to_owned();
    server.stop().await.unwrap();
    fs::write(directory.data().join("postgres/PG_VERSION"), "14\n").unwrap();
    let error = Server::start(options(directory.data(), Durability::Durable)).await.unwrap_err();
    assert!(error.to_string().contains("made by"), "{error}");
    let error = Server::start(Options { pg_bin: Some(bin_dir), ..options(directory.data(), Durability::Durable) })
        .await
        .unwrap_err();
    assert!(error.to_string().contains("made by 14"), "{error}");
}

#[tokio::test]
async fn the_end_of_the_server_is_noticed() {
    let directory = Directory::new("exit");
    let mut server = Server::start(options(directory.data(), Durability::Durable)).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), server.exited()).await;
    assert!(early.is_err());
    signal("KILL", server.postmaster_pid());
    let error = server.exited().await.to_string();
    assert!(error.contains("ended by itself"), "{error}");
    server.stop().await.unwrap();

    // its postmaster.pid is still there, and now names a process that is no server
    let pid_file = directory.data().join("postgres/postmaster.pid");
    let old = fs::read_to_string(&pid_file).unwrap();
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let (_, rest) = old.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", other.id())).unwrap();
    let server = Server::start(options(directory.data(), Durability::Durable)).await.unwrap();
    assert_eq!(query(&server, "select 1").await, ["1"]);
    server.stop().await.unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn root_says_which_directory_is_closed() {
    let directory = Directory::new("closed");
    if !directory.is_roots() {
        return;
    }
    let closed = directory.0.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let error = Server::start(options(closed.join("data"), Durability::ThrowAway)).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { directory, .. } if *directory == closed), "{error}");
}

/// The owner for the next tests: it starts a server, writes its number to a file and waits to be killed.
#[tokio::test]
#[ignore = "run by another test"]
async fn owner() {
    let directory = owner_directory();
    let durability = match directory.join("durable").exists() {
        true => Durability::Durable,
        false => Durability::ThrowAway,
    };
    let server = Server::start(options(directory.join("data"), durability)).await.unwrap();
    query(&server, "create table if not exists kept()").await;
    fs::write(directory.join("pid.new"), server.postmaster_pid().to_string()).unwrap();
    fs::rename(directory.join("pid.new"), directory.join("pid")).unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// Starts an owner and kills it when its server runs.
fn killed_owner(directory: &Directory) -> u32 {
    let mut owner = run_apart("owner", &directory.0, None);
    let pid = directory.0.join("pid");
    wait_until("the owner has a server", Duration::from_secs(30), || {
        assert!(owner.try_wait().unwrap().is_none(), "the owner failed");
        pid.exists()
    });
    let pid = fs::read_to_string(pid).unwrap().parse().unwrap();
    assert!(is_running(pid));
    // the terminal's Ctrl-C goes to a process group: the server must be in another
    assert_ne!(process_group(owner.id()), process_group(pid));
    owner.kill().unwrap();
    owner.wait().unwrap();
    pid
}

fn process_group(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(2).unwrap().to_owned()
}

#[test]
fn kill_9_leaves_no_throw_away_server() {
    let directory = Directory::new("kill");
    let pid = killed_owner(&directory);
    wait_until("server and guard are gone", Duration::from_secs(15), || {
        !is_running(pid) && processes_of(&directory.data()).is_empty()
    });
    wait_until("its data is gone", Duration::from_secs(5), || {
        fs::read_dir(directory.data()).map_or(true, |mut entries| entries.next().is_none())
    });
}

#[tokio::test]
async fn kill_9_leaves_no_durable_server_and_all_data() {
    let directory = Directory::new("kill-durable");
    fs::write(directory.0.join("durable"), "").unwrap();
    let pid = killed_owner(&directory);
    // at once, while the old server is still shutting down
    let server = Server::start(options(directory.data(), Durability::Durable)).await.unwrap();
    assert!(!is_running(pid));
    assert_eq!(query(&server, "select count(*) from kept").await, ["0"]);
    server.stop().await.unwrap();
    let log = fs::read_to_string(directory.data().join("postgres.log")).unwrap();
    assert!(!log.contains("not properly shut down"), "{log}");
    wait_until("servers and guards are gone", Duration::from_secs(15), || processes_of(&directory.data()).is_empty());
}

/// What an ordinary user sees, for the next test.
#[tokio::test]
#[ignore = "run by another test"]
async fn as_the_user_we_are() {
    let data = owner_directory().join("home/data");
    for _ in 0..2 {
        let server = Server::start(options(data.clone(), Durability::Durable)).await.unwrap();
        query(&server, "create table if not exists kept()").await;
        server.stop().await.unwrap();
    }
    assert_eq!(fs::metadata(&data).unwrap().uid(), NOBODY);
    let server = Server::start(options(owner_directory().join("home/throw"), Durability::ThrowAway)).await.unwrap();
    server.stop().await.unwrap();
    assert!(!owner_directory().join("home/throw").exists());
}

#[tokio::test]
async fn root_can_also_be_an_ordinary_user() {
    let directory = Directory::new("nobody");
    if !directory.is_roots() {
        return;
    }
    let home = directory.0.join("home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    let status = run_apart("as_the_user_we_are", &directory.0, Some(NOBODY)).wait().unwrap();
    assert!(status.success());
    // and root goes on with that user's database
    let server = Server::start(options(home.join("data"), Durability::Durable)).await.unwrap();
    assert_eq!(query(&server, "select count(*) from kept").await, ["0"]);
    server.stop().await.unwrap();
}
