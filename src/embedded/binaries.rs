//! Finding `initdb` and `postgres`.

use std::{
    env, fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    error::Error,
    fetch,
    user::{User, command, is_root},
};

/// The major versions that jifen runs.
pub(super) const MAJORS: RangeInclusive<u32> = 15..=18;

/// Finds the programs for a cluster (of a given major version, if it exists already), fetching them if need be.
pub(super) async fn find(
    explicit: Option<&Path>,
    data_dir: &Path,
    cluster: Option<(&Path, u32)>,
    user: Option<&User>,
) -> Result<PathBuf, Error> {
    if let Some(directory) = explicit {
        let refused = |reason| Error::PgBin { directory: directory.to_owned(), reason };
        let directory = std::path::absolute(directory).map_err(|e| refused(e.to_string()))?;
        let major = inspect(&directory, user).await.map_err(refused)?;
        return match cluster {
            _ if !MAJORS.contains(&major) => Err(refused(format!("it is version {major}"))),
            Some((_, made_by)) if made_by != major => {
                Err(refused(format!("it is version {major}, and the database was made by {made_by}")))
            }
            _ => Ok(directory),
        };
    }

    let wanted = cluster.map(|(_, major)| major);
    let caches = cache_directories(data_dir);
    let mut found = match search(&caches, wanted, user).await {
        Ok(directory) => return Ok(directory),
        Err(found) => found,
    };
    let sources: Vec<_> =
        fetch::SOURCES.iter().filter(|source| wanted.is_none_or(|major| source.majors.contains(&major))).collect();
    let mut reasons = Vec::new();
    if !sources.is_empty() {
        let fetcher = fetch::Fetcher::new(&caches).await;
        // another process may have fetched while we waited for our turn
        if let Ok(directory) = search(&caches, wanted, user).await {
            return Ok(directory);
        }
        for source in sources {
            let fetched = match &fetcher {
                Ok(fetcher) => fetcher.fetch(source).await,
                Err(reason) => Err(reason.clone()),
            };
            let failed = match fetched {
                Ok(()) => match search(&caches, wanted, user).await {
                    Ok(directory) => return Ok(directory),
                    Err(now) => {
                        found = now;
                        "what came does not run or has another version".to_owned()
                    }
                },
                Err(reason) => reason,
            };
            tracing::info!("fetching with {} failed: {failed}", source.name);
            reasons.push(format!("{}: {failed}", source.name));
        }
    }
    Err(match cluster {
        Some((cluster, major)) => Error::OtherMajor {
            cluster: cluster.to_owned(),
            major,
            found: match found.is_empty() {
                true => "found none".to_owned(),
                false => format!("found {}", found.join(", ")),
            },
        },
        None => Error::NotFound { reasons: reasons.join("; ") },
    })
}

/// The first suitable directory, or a description of the unsuitable ones.
async fn search(caches: &[PathBuf], wanted: Option<u32>, user: Option<&User>) -> Result<PathBuf, Vec<String>> {
    let mut found = Vec::new();
    for directory in places(caches) {
        match inspect(&directory, user).await {
            Ok(major) if MAJORS.contains(&major) && wanted.is_none_or(|wanted| wanted == major) => {
                return Ok(directory);
            }
            Ok(major) => found.push(format!("{major} in {}", directory.display())),
            Err(reason) => tracing::debug!("{}: {reason}", directory.display()),
        }
    }
    Err(found)
}

fn places(caches: &[PathBuf]) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for directory in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        // a link's target has the libraries and the other programs beside it
        if let Ok(program) = fs::canonicalize(directory.join("postgres")) {
            places.extend(program.parent().map(Path::to_owned));
        }
    }
    for major in MAJORS.rev() {
        places.extend(
            [
                format!("/usr/lib/postgresql/{major}/bin"),
                format!("/usr/pgsql-{major}/bin"),
                format!("/opt/homebrew/opt/postgresql@{major}/bin"),
                format!("/usr/local/opt/postgresql@{major}/bin"),
                format!("/home/linuxbrew/.linuxbrew/opt/postgresql@{major}/bin"),
                format!("/Applications/Postgres.app/Contents/Versions/{major}/bin"),
            ]
            .map(PathBuf::from),
        );
    }
    for cache in caches {
        places.extend(fetch::places(cache));
    }
    places.retain(|directory| directory.join("postgres").exists());
    places
}

/// The major version of the programs in a directory, as the user who will run them finds it.
async fn inspect(directory: &Path, user: Option<&User>) -> Result<u32, String> {
    for program in ["initdb", "postgres"] {
        if !directory.join(program).exists() {
            return Err(format!("it has no {program}"));
        }
    }
    let mut postgres = tokio::process::Command::from(command(directory.join("postgres"), user));
    postgres.arg("--version").kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(10), postgres.output())
        .await
        .map_err(|_| "`postgres --version` does not answer".to_owned())?
        .map_err(|error| format!("cannot run postgres: {error}"))?;
    major_version(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("`postgres --version` says {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// 17 from `postgres (PostgreSQL) 17.10 (Debian 17.10-1)`.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let end = version.find(|c: char| !c.is_ascii_digit());
    version[..end.unwrap_or(version.len())].parse().ok()
}

/// Where fetched programs go, best place first.
fn cache_directories(data_dir: &Path) -> Vec<PathBuf> {
    let home = |variable, below| {
        let directory = PathBuf::from(env::var_os(variable)?).join(below);
        directory.is_absolute().then_some(directory)
    };
    let ours = if is_root() {
        // root's home is closed to the user that runs PostgreSQL
        Some(PathBuf::from("/var/cache/jifen"))
    } else {
        home("XDG_CACHE_HOME", "jifen").or_else(|| home("HOME", ".cache/jifen"))
    };
    ours.into_iter().chain([data_dir.join("binaries")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_numbers() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)";
        assert_eq!(major_version(debian), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("postgres: error"), None);
    }
}
