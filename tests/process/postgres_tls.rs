//! TLS to PostgreSQL, as far as `sslmode` asks for it.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use jifen::{
    database::{connect, open, parse_url},
    embedded::{Durability, Options, Server},
    migrate,
};

use super::Directory;
use crate::{common::Authority, graphql::Gateway};

/// An address that other servers of this machine don't have: the port is always the same.
fn address() -> String {
    static MADE: AtomicU32 = AtomicU32::new(64);
    let id = std::process::id();
    format!("127.{}.{}.{}", MADE.fetch_add(1, Ordering::Relaxed), (id >> 8) % 256, 1 + id % 254)
}

struct Remote {
    server: Server,
    cluster: PathBuf,
    address: String,
}

impl Remote {
    async fn start(directory: &Directory) -> Remote {
        let (address, data_dir) = (address(), directory.data());
        let server = Server::start(Options {
            data_dir: data_dir.clone(),
            durability: Durability::ThrowAway,
            settings: vec![("listen_addresses".to_owned(), address.clone())],
            max_connections: 60,
            pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
        })
        .await
        .unwrap();
        let remote = Remote { server, cluster: data_dir.join("postgres"), address };
        remote.put("pg_hba.conf", "local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n");
        remote.run("alter role jifen password 'secret'").await;
        remote.run("select pg_reload_conf()").await;
        remote
    }

    /// A file of the cluster.
    fn put(&self, name: &str, text: &str) {
        let path = self.cluster.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let owner = fs::metadata(&self.cluster).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    async fn run(&self, sql: &str) {
        let client = connect(&parse_url(&self.server.url("postgres")).unwrap()).await.unwrap();
        client.batch_execute(sql).await.unwrap();
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        let address = if host.is_empty() { String::new() } else { format!("hostaddr={}&", self.address) };
        let host = if host.is_empty() { &self.address } else { host };
        format!("postgres://jifen:secret@{host}/postgres?{address}{parameters}")
    }

    /// Whether a connection is encrypted, or what a command says of a failure.
    async fn try_out(&self, host: &str, parameters: &str) -> Result<bool, String> {
        let config = parse_url(&self.url(host, parameters))?;
        let client = open(&config).await.map_err(|error| error.to_string())?;
        let row = client.query_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await.unwrap();
        Ok(row.get(0))
    }
}

#[tokio::test]
async fn sslmode_says_what_is_encrypted_and_what_is_verified() {
    let directory = Directory::new("postgres-tls");
    let remote = Remote::start(&directory).await;
    let (authority, other) = (Authority::new("A"), Authority::new("B"));
    let file = |name: &str, text: String| {
        let path = directory.0.join(name);
        fs::write(&path, text).unwrap();
        format!("&sslrootcert={}", path.display())
    };
    let (ours, others) = (file("ca.crt", authority.pem()), file("other.crt", other.pem()));
    let fails = |result: Result<bool, String>, words: &[&str]| {
        let told = result.unwrap_err();
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    };

    // before the server has TLS
    assert_eq!(remote.try_out("", "sslmode=disable").await, Ok(false));
    assert_eq!(remote.try_out("", "").await, Ok(false));
    for mode in ["sslmode=require".to_owned(), format!("sslmode=verify-full{ours}")] {
        fails(remote.try_out("", &mode).await, &["server does not support TLS", "set ssl = on there"]);
    }
    fails(remote.try_out("", "channel_binding=require").await, &["channel binding"]);

    let (certificate, key) = authority.sign(&["points.example", &remote.address]);
    remote.put("server.crt", &certificate);
    remote.put("server.key", &key);
    remote.run("alter system set ssl = on").await;
    remote.run("select pg_reload_conf()").await;

    assert_eq!(remote.try_out("", "sslmode=disable").await, Ok(false));
    for mode in ["", "sslmode=prefer", "sslmode=require", "channel_binding=require&sslmode=require"] {
        assert_eq!(remote.try_out("", mode).await, Ok(true), "{mode}");
    }
    for (host, mode) in [
        ("", "verify-full"),
        ("points.example", "verify-full"),
        ("", "verify-ca"),
        ("elsewhere.example", "verify-ca"),
        ("elsewhere.example", "require"),
    ] {
        let parameters = format!("sslmode={mode}{ours}&channel_binding=require");
        assert_eq!(remote.try_out(host, &parameters).await, Ok(true), "{host} {mode}");
    }
    // refused, with what to do
    for mode in ["verify-full", "verify-ca", "require"] {
        let result = remote.try_out("points.example", &format!("sslmode={mode}{others}")).await;
        fails(result, &["UnknownIssuer", "sslrootcert=FILE"]);
    }
    // the machine does not know our authority
    fails(remote.try_out("", "sslmode=verify-full").await, &["UnknownIssuer", "sslrootcert=FILE"]);
    let result = remote.try_out("elsewhere.example", &format!("sslmode=verify-full{ours}")).await;
    fails(result, &["another host", "subjectAltName"]);
    let empty = file("empty.crt", String::new());
    for (parameters, words) in [
        ("sslmode=allow", "sslmode must be"),
        ("sslmode=verify-ca", "needs sslrootcert=FILE"),
        ("sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
        (&*format!("sslmode=prefer{ours}"), "sslrootcert needs sslmode"),
        (&ours[1..], "sslrootcert needs sslmode"),
        ("sslmode=verify-full&sslrootcert=/absent", "/absent can't be used"),
        (&format!("sslmode=verify-full{empty}"), "no certificate"),
    ] {
        fails(remote.try_out("", parameters).await, &[words]);
    }

    // an authority's own certificate, as `openssl req -x509` makes it
    let own = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["points.example".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&own).unwrap().pem();
    remote.put("server.crt", &certificate);
    remote.put("server.key", &own.serialize_pem());
    remote.run("select pg_reload_conf()").await;
    let itself = file("itself.crt", certificate);
    let result = remote.try_out("points.example", &format!("sslmode=verify-full{itself}")).await;
    fails(result, &["CaUsedAsEndEntity", "CA:FALSE"]);
}

/// Whoever opens one without `database::Config` would leave `sslmode` out.
#[test]
fn no_connection_of_the_program_is_plain_whatever_the_url_says() {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                assert!(!fs::read_to_string(&path).unwrap().contains("NoTls"), "{}", path.display());
            }
        }
    }
    assert!(files > 50);
}

#[tokio::test]
async fn all_connections_of_a_gateway_are_encrypted() {
    let directory = Directory::new("gateway-tls");
    let remote = Remote::start(&directory).await;
    let authority = Authority::new("A");
    let (certificate, key) = authority.sign(&[&remote.address]);
    remote.put("server.crt", &certificate);
    remote.put("server.key", &key);
    remote.run("alter system set ssl = on").await;
    remote.run("select pg_reload_conf()").await;
    let root = directory.0.join("ca.crt");
    fs::write(&root, authority.pem()).unwrap();
    let url = remote.url("", &format!("sslmode=verify-full&sslrootcert={}", root.display()));
    let mut client = connect(&parse_url(&url).unwrap()).await.unwrap();
    migrate::migrate(&mut client, 2).await.unwrap();
    migrate::load_demo(&client).await.unwrap();
    let key = jifen::client::new_key();
    let create = "select api.create_client('test', $1, '{earn,spend,read}', null)";
    client.execute(create, &[&&jifen::client::hash_key(&key)[..]]).await.unwrap();

    let gateway = Gateway::over(&url, &key).await;
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(gateway.available("dora").await, 5);
    let connections = "select count(*) filter (where s.ssl), count(*) filter (where not s.ssl)
        from pg_stat_activity a join pg_stat_ssl s using (pid)
        where a.application_name = 'jifen' and a.pid <> pg_backend_pid()";
    let row = client.query_one(connections, &[]).await.unwrap();
    let (encrypted, plain): (i64, i64) = (row.get(0), row.get(1));
    // lanes, a reader and the channel at least
    assert!(encrypted >= 4 && plain == 0, "{encrypted} encrypted, {plain} not");
}
