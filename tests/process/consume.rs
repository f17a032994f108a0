//! `jifen consume` against the real brokers, which are killed and brought back.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_postgres::Client;

use super::{Directory, program::jifen, signal};
use crate::{
    common::{Database, is_missing},
    database::assert_laws,
    graphql::{Gateway, make_key, until_within},
};

/// A process that is killed at the end of the test.
struct Process(Child);

impl Process {
    fn start(command: &mut Command, log: &Path) -> Process {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let program = format!("{:?}", command.get_program());
        let child = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn();
        Process(
            child.unwrap_or_else(|error| panic!("cannot start {program}, of the Debian package of that name: {error}")),
        )
    }

    fn kill(mut self) {
        signal("KILL", self.0.id());
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Longer than a broker waits until it sends again what nobody acknowledged: 60 s.
const PATIENCE: Duration = Duration::from_secs(90);

async fn until(what: &str, condition: impl AsyncFnMut() -> bool) {
    until_within(PATIENCE, what, condition).await;
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn until_open(port: u16) {
    until("the broker listens", async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
}

/// A database with a client named shop, and a gateway that carries out what is queued.
struct World {
    database: Database,
    client: Client,
    gateway: Gateway,
    directory: Directory,
}

impl World {
    async fn new(name: &str) -> World {
        let database = Database::new().await;
        let key = make_key(&database, "shop", &["earn", "read"], None).await;
        let gateway = Gateway::over(&database.url(), &key).await;
        World { client: database.client().await, gateway, directory: Directory::new(name), database }
    }

    /// `jifen consume` with these arguments.
    fn consume(&self, arguments: &[&str]) -> Process {
        let mut command = jifen(&[&["consume"], arguments].concat());
        command.env("DATABASE_URL", self.database.url()).env("JIFEN_CONSUME_CLIENT", "shop");
        Process::start(&mut command, &self.directory.0.join("consumer.log"))
    }

    async fn count(&self, query: &str) -> i64 {
        self.client.query_one(query, &[]).await.unwrap().get(0)
    }

    async fn until_booked(&self, operations: i64) {
        let booked = "select count(*) from points.operation where client_id >= 100";
        let begun = Instant::now();
        while self.count(booked).await < operations {
            let log = || fs::read_to_string(self.directory.0.join("consumer.log")).unwrap();
            assert!(begun.elapsed() < PATIENCE, "not {operations} are booked:\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.count(booked).await, operations);
    }

    /// What was set aside, with its reason.
    async fn failed(&self) -> Vec<(Option<String>, String)> {
        let failed = "select r.idempotency_key, r.message from points.batch b
            cross join lateral api.batch_rows(b.ticket, 0, 1000, 'failed') r order by r.idempotency_key, r.message";
        self.client.query(failed, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Takes the database away, or brings it back.
    async fn database_is_there(&self, there: bool) {
        let mut config = jifen::database::parse_url(&self.database.url()).unwrap();
        let name = config.get_dbname().unwrap().to_owned();
        config.dbname("postgres");
        let postgres = jifen::database::connect(&config).await.unwrap();
        postgres.batch_execute(&format!("alter database {name} with allow_connections {there}")).await.unwrap();
        if !there {
            let mine: i32 = self.client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
            let others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> $2";
            postgres.execute(others, &[&name, &mine]).await.unwrap();
        }
    }
}

/// An event by which somebody signs in, in every way to name it.
fn event(number: usize) -> Value {
    let mut earn = json!({ "userId": format!("u{}", number % 20), "rule": "SIGN_IN" });
    if number.is_multiple_of(3) {
        earn["idempotencyKey"] = json!(format!("own-{number}"));
    }
    json!({ "earn": earn })
}

mod nats {
    use async_nats::{
        HeaderMap,
        jetstream::{self, Context, consumer::PullConsumer, stream},
    };

    use super::*;

    /// Where Debian has it, which not everybody has in the path.
    const PROGRAM: &str = "/usr/sbin/nats-server";

    struct Nats {
        /// None: it has not had one.
        port: Option<u16>,
        process: Option<Process>,
    }

    impl Nats {
        async fn start(world: &World) -> Nats {
            let mut nats = Nats { port: None, process: None };
            nats.run(world).await;
            nats
        }

        async fn run(&mut self, world: &World) {
            let store = world.directory.0.join("nats");
            let mut command = Command::new(PROGRAM);
            let (port, folder) = (self.port.map_or("-1".to_owned(), |port| port.to_string()), &world.directory.0);
            command.args(["-js", "-a", "127.0.0.1", "-p", &port, "-sd", store.to_str().unwrap()]);
            command.arg("--ports_file_dir").arg(folder);
            let process = Process::start(&mut command, &folder.join("nats.log"));
            let ports = folder.join(format!("nats-server_{}.ports", process.0.id()));
            self.process = Some(process);
            until("the broker says its port", async || {
                let said: Option<Value> = fs::read(&ports).ok().and_then(|said| serde_json::from_slice(&said).ok());
                let said =
                    said.as_ref().and_then(|said| said["nats"][0].as_str()).and_then(|url| url.rsplit(':').next());
                self.port = said.and_then(|port| port.parse().ok()).or(self.port);
                said.is_some()
            })
            .await;
            until_open(self.port.unwrap()).await;
        }

        fn kill(&mut self) {
            self.process.take().unwrap().kill();
        }

        fn url(&self) -> String {
            format!("nats://127.0.0.1:{}", self.port.unwrap())
        }

        async fn context(&self) -> Context {
            jetstream::new(async_nats::connect(self.url()).await.unwrap())
        }

        async fn with_stream(&self) -> Context {
            let context = self.context().await;
            let config = stream::Config {
                name: "EVENTS".to_owned(),
                subjects: vec!["events.>".to_owned()],
                ..Default::default()
            };
            context.create_stream(config).await.unwrap();
            context
        }
    }

    async fn publish(context: &Context, numbers: impl Iterator<Item = usize>) {
        for number in numbers {
            let mut headers = HeaderMap::new();
            if number % 3 == 1 {
                headers.insert("Nats-Msg-Id", format!("id-{number}"));
            }
            let body = event(number).to_string().into();
            context.publish_with_headers("events.sign-in", headers, body).await.unwrap().await.unwrap();
        }
    }

    #[tokio::test]
    async fn each_event_is_booked_once_whatever_dies() {
        if is_missing(PROGRAM, "nats-server") {
            return;
        }
        let world = World::new("nats").await;
        let mut nats = Nats::start(&world).await;
        let context = nats.with_stream().await;
        publish(&context, 0..60).await;
        let arguments = ["nats", "--url", &nats.url(), "--stream", "EVENTS"];
        let consumer = world.consume(&arguments);
        world.until_booked(60).await;

        // the broker dies, and comes back with more
        nats.kill();
        nats.run(&world).await;
        let context = nats.context().await;
        publish(&context, 60..90).await;
        world.until_booked(90).await;

        // the consumer dies; what it had not acknowledged comes again, and so does what was published twice
        consumer.kill();
        publish(&context, (0..120).filter(|number| number % 3 == 0)).await;
        publish(&context, (90..120).filter(|number| number % 3 != 0)).await;
        let _consumer = world.consume(&arguments);
        world.until_booked(120).await;

        // what cannot be understood, or is not stored, is set aside, and holds up nothing
        let refuse =
            "alter table points.batch_piece add constraint none_of_them check (rows::text not like '%poison%')";
        world.client.batch_execute(refuse).await.unwrap();
        for body in [
            "no json",
            "[]",
            r#"{"earn": {"userId": "u"}}"#,
            r#"{"spend": {"userId": "u1", "points": 1}}"#,
            r#"{"earn": {"userId": "poison", "rule": "SIGN_IN"}}"#,
        ] {
            context.publish("events.bad", body.into()).await.unwrap().await.unwrap();
        }
        publish(&context, 120..123).await;
        world.until_booked(123).await;
        until("five are set aside", async || world.failed().await.len() == 5).await;
        let failed = world.failed().await;
        assert!(failed.iter().all(|(key, _)| key.as_ref().unwrap().starts_with("EVENTS:")), "{failed:?}");
        let reasons: String = failed.into_iter().map(|(_, reason)| reason + "\n").collect();
        for reason in ["is not JSON", "must be an object", "rule is missing", "may not do this", "could not be stored"]
        {
            assert!(reasons.contains(reason), "{reason}: {reasons}");
        }
        let stream = context.get_stream("EVENTS").await.unwrap();
        let mut consumer: PullConsumer = stream.get_consumer("jifen").await.unwrap();
        until("all is acknowledged", async || {
            let info = consumer.info().await.unwrap();
            (info.num_ack_pending, info.num_pending) == (0, 0)
        })
        .await;
        assert_eq!(
            world.count("select sum(available)::bigint from api.account where user_id like 'u%'").await,
            123 * 5
        );
        assert_laws(&world.client).await;
        drop(world.gateway);
    }

    #[tokio::test]
    async fn without_the_database_nothing_is_acknowledged_and_nothing_is_lost() {
        if is_missing(PROGRAM, "nats-server") {
            return;
        }
        let world = World::new("nats-database").await;
        let nats = Nats::start(&world).await;
        let context = nats.with_stream().await;
        // it waits for a database that is not there yet
        world.database_is_there(false).await;
        let _consumer = world.consume(&["nats", "--url", &nats.url(), "--stream", "EVENTS"]);
        publish(&context, 0..5).await;
        let log = || fs::read_to_string(world.directory.0.join("consumer.log")).unwrap_or_default();
        until("the consumer says that it waits", async || log().contains("the database is away")).await;
        world.database_is_there(true).await;
        world.until_booked(5).await;
        world.database_is_there(false).await;
        publish(&context, 5..30).await;
        let stream = context.get_stream("EVENTS").await.unwrap();
        let mut consumer: PullConsumer = stream.get_consumer("jifen").await.unwrap();
        until("the consumer has them and cannot store them", async || {
            consumer.info().await.unwrap().num_ack_pending > 0
        })
        .await;
        world.database_is_there(true).await;
        world.until_booked(30).await;
        assert_laws(&world.client).await;
    }
}

mod rabbitmq {
    use lapin::{
        BasicProperties, Channel, Connection, ConnectionProperties,
        options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
        types::{AMQPValue, FieldTable},
    };

    use super::*;
    use crate::process::program::run;

    /// Where Debian has it; the one in the path changes the user first.
    const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    /// Nothing else of the broker is called that.
    const QUEUE: &str = "sign-ins-of-the-shop";

    struct Rabbit {
        port: u16,
        names_port: u16,
        directory: std::path::PathBuf,
        /// Where nodes find each other; it would stay behind if the broker started it.
        _names: Process,
        process: Option<Process>,
    }

    impl Rabbit {
        async fn start(world: &World) -> Rabbit {
            let directory = world.directory.0.join("rabbitmq");
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("enabled_plugins"), "[].").unwrap();
            let names_port = free_port();
            let mut names = Command::new("epmd");
            names.args(["-address", "127.0.0.1", "-port", &names_port.to_string()]);
            let names = Process::start(&mut names, &directory.join("epmd.log"));
            let mut rabbit = Rabbit { port: free_port(), names_port, directory, _names: names, process: None };
            rabbit.run().await;
            rabbit
        }

        async fn run(&mut self) {
            let mut command = Command::new(PROGRAM);
            let file = |name: &str| self.directory.join(name);
            command
                .env("HOME", &self.directory)
                .env("RABBITMQ_NODENAME", format!("jifen{}@localhost", self.port))
                .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
                .env("RABBITMQ_NODE_PORT", self.port.to_string())
                .env("RABBITMQ_DIST_PORT", free_port().to_string())
                .env("ERL_EPMD_ADDRESS", "127.0.0.1")
                .env("ERL_EPMD_PORT", self.names_port.to_string())
                .env("RABBITMQ_MNESIA_BASE", file("data"))
                .env("RABBITMQ_LOG_BASE", file("log"))
                .env("RABBITMQ_LOGS", "-")
                .env("RABBITMQ_PID_FILE", file("pid"))
                .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
                .env("RABBITMQ_CONFIG_FILE", file("rabbitmq"));
            self.process = Some(Process::start(&mut command, &file("rabbitmq.log")));
            // Erlang takes its time on a busy machine.
            for _ in 0..4 {
                let open = async || TcpStream::connect(("127.0.0.1", self.port)).await.is_ok();
                for _ in 0..300 {
                    if open().await {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            panic!("RabbitMQ does not listen: {}", fs::read_to_string(file("rabbitmq.log")).unwrap());
        }

        /// A durable queue is one only when the broker has written it, some time after it has said that there is one.
        async fn until_on_disk(&self, queue: &str) {
            let files = self.directory.join("data").join(format!("jifen{}@localhost", self.port));
            until("the queue is on the disk", async || {
                let has = |name: &str| {
                    fs::read(files.join(name))
                        .is_ok_and(|file| file.windows(queue.len()).any(|part| part == queue.as_bytes()))
                };
                has("LATEST.LOG") || has("rabbit_durable_queue.DCD") || has("rabbit_durable_queue.DCL")
            })
            .await;
        }

        /// The broker is a child of the program that was started.
        fn kill(&mut self) {
            let pid = fs::read_to_string(self.directory.join("pid")).unwrap();
            signal("KILL", pid.trim().parse().unwrap());
            self.process.take().unwrap().0.wait().unwrap();
        }

        /// Without a panic, which would end the test that failed without a word.
        fn kill_if_there(&mut self) {
            let pid = fs::read_to_string(self.directory.join("pid")).ok();
            if let Some(pid) = pid.and_then(|pid| pid.trim().parse().ok()) {
                signal("KILL", pid);
            }
        }

        fn url(&self) -> String {
            format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
        }

        async fn channel(&self) -> (Connection, Channel) {
            let connection = Connection::connect(&self.url(), ConnectionProperties::default()).await.unwrap();
            let channel = connection.create_channel().await.unwrap();
            channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
            (connection, channel)
        }
    }

    impl Drop for Rabbit {
        fn drop(&mut self) {
            if self.process.is_some() {
                self.kill_if_there();
            }
        }
    }

    async fn declare(channel: &Channel, name: &str, arguments: FieldTable) {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(name.into(), options, arguments).await.unwrap();
    }

    async fn send(channel: &Channel, body: &str, id: Option<String>) {
        let mut properties = BasicProperties::default().with_delivery_mode(2);
        if let Some(id) = id {
            properties = properties.with_message_id(id.into());
        }
        let publish =
            channel.basic_publish("".into(), QUEUE.into(), BasicPublishOptions::default(), body.as_bytes(), properties);
        publish.await.unwrap().await.unwrap();
    }

    async fn publish(channel: &Channel, numbers: impl Iterator<Item = usize>) {
        for number in numbers {
            let id = (!number.is_multiple_of(3)).then(|| format!("id-{number}"));
            send(channel, &event(number).to_string(), id).await;
        }
    }

    #[tokio::test]
    async fn each_event_is_booked_once_whatever_dies() {
        if is_missing(PROGRAM, "rabbitmq-server") {
            return;
        }
        rustls::crypto::ring::default_provider().install_default().ok();
        let world = World::new("rabbitmq").await;
        let mut rabbit = Rabbit::start(&world).await;
        let (_connection, channel) = rabbit.channel().await;
        declare(&channel, "dead", FieldTable::default()).await;
        let mut arguments = FieldTable::default();
        for (name, value) in [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead")] {
            arguments.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        declare(&channel, QUEUE, arguments).await;
        rabbit.until_on_disk(QUEUE).await;
        publish(&channel, 0..60).await;
        let url = rabbit.url();
        let arguments = ["rabbitmq", "--url", &url, "--queue", QUEUE];
        let consumer = world.consume(&arguments);
        world.until_booked(60).await;

        // the broker dies, and comes back with what it had
        rabbit.kill();
        rabbit.run().await;
        let (_connection, channel) = rabbit.channel().await;
        publish(&channel, 60..90).await;
        world.until_booked(90).await;

        // the consumer dies, and what was published twice comes twice
        consumer.kill();
        publish(&channel, 0..120).await;
        let _consumer = world.consume(&arguments);
        world.until_booked(120).await;

        // what cannot be understood, and what the client may not do, is set aside and goes to the dead letters
        send(&channel, r#"{"spend": {"userId": "u1", "points": 1}}"#, Some("forbidden".to_owned())).await;
        send(&channel, "no json", Some("bad".to_owned())).await;
        send(&channel, &event(1).to_string(), None).await;
        publish(&channel, 120..123).await;
        world.until_booked(123).await;
        until("three are set aside", async || world.failed().await.len() == 3).await;
        let failed = world.failed().await;
        assert_eq!(failed[0].0.as_deref(), Some("bad"));
        assert!(failed[0].1.contains("is not JSON") && failed[1].1.contains("may not do this"), "{failed:?}");
        assert!(failed[2].1.contains("idempotencyKey is missing"), "{failed:?}");
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        until("all three are dead letters", async || {
            let dead = channel.queue_declare("dead".into(), passive, FieldTable::default()).await.unwrap();
            dead.message_count() == 3
        })
        .await;
        assert_eq!(
            world.count("select sum(available)::bigint from api.account where user_id like 'u%'").await,
            123 * 5
        );
        assert_laws(&world.client).await;
    }

    #[tokio::test]
    async fn a_broker_that_says_nothing_is_tried_again() {
        let world = World::new("rabbitmq-silent").await;
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("amqp://127.0.0.1:{}", silent.local_addr().unwrap().port());
        let _consumer = world.consume(&["rabbitmq", "--url", &url, "--queue", QUEUE]);
        let (_first, _) = timeout(PATIENCE, silent.accept()).await.unwrap().unwrap();
        let (_second, _) = timeout(PATIENCE, silent.accept()).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_url_that_is_none_ends_it() {
        let database = Database::new().await;
        make_key(&database, "shop", &["earn"], None).await;
        let mut command = jifen(&["consume", "rabbitmq", "--url", "no url", "--queue", QUEUE]);
        let run = run(command.env("DATABASE_URL", database.url()).env("JIFEN_CONSUME_CLIENT", "shop"));
        assert!(run.code == Some(1) && run.stderr.contains("cannot use the URL of RabbitMQ"), "{run:?}");
    }
}
