//! How far TLS to PostgreSQL goes, in the words of libpq: `sslmode` and `sslrootcert` of `DATABASE_URL`.
//!
//! | sslmode | encrypted | the server's certificate |
//! | --- | --- | --- |
//! | disable | no | |
//! | prefer (the default) | if the server offers it | not looked at |
//! | require | yes | not looked at; with sslrootcert as verify-ca |
//! | verify-ca | yes | signed by an authority of sslrootcert, and in force |
//! | verify-full | yes | that, and for the host of the URL; without sslrootcert, the authorities are the machine's |

use std::{path::Path, sync::Arc};

use percent_encoding::percent_decode_str;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a URL says of TLS that tokio-postgres has no word for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    mode: Option<String>,
    root: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of a URL. In settings of another form tokio-postgres has its own way with them.
pub(super) fn split(url: &str) -> Result<(String, Wish), String> {
    let mut wish = Wish::default();
    // As tokio-postgres reads it: a password ends at the first @, and may have a question mark.
    let host = url.find('@').map_or(0, |at| at + 1);
    let query = url[host..].find('?').map(|mark| host + mark);
    let (Some(query), true) = (query, url.starts_with("postgres://") || url.starts_with("postgresql://")) else {
        return Ok((url.to_owned(), wish));
    };
    let mut others = Vec::new();
    for part in url[query + 1..].split('&') {
        let place = match part.split_once('=') {
            Some(("sslmode", value)) => Some((&mut wish.mode, value)),
            Some(("sslrootcert", value)) => Some((&mut wish.root, value)),
            _ => None,
        };
        match place {
            Some((place, value)) => {
                let value = percent_decode_str(value).decode_utf8().map_err(|_| "it is not UTF-8".to_owned())?;
                *place = Some(value.into_owned());
            }
            None => others.push(part),
        }
    }
    let mark = if others.is_empty() { "" } else { "?" };
    Ok((format!("{}{mark}{}", &url[..query], others.join("&")), wish))
}

/// What is asked of the server's certificate.
enum Check {
    /// Nothing.
    Nothing,
    /// Who signed it.
    Chain(RootCertStore),
    /// That, and for which host.
    ChainAndName(RootCertStore),
}

impl Wish {
    /// Puts the wish into a configuration, and gives the connector that goes with it.
    pub(super) fn put(self, config: &mut tokio_postgres::Config) -> Result<MakeRustlsConnect, String> {
        let roots = self.root.as_deref();
        if let Some(mode) = self.mode.as_deref() {
            config.ssl_mode(match mode {
                "disable" => SslMode::Disable,
                "prefer" => SslMode::Prefer,
                "require" | "verify-ca" | "verify-full" => SslMode::Require,
                _ => return Err("sslmode must be disable, prefer, require, verify-ca or verify-full".to_owned()),
            });
        }
        let check = match (self.mode.as_deref(), roots) {
            (Some("verify-full"), None | Some("system")) => Check::ChainAndName(of_machine()?),
            (Some("verify-full"), Some(path)) => Check::ChainAndName(of_file(path)?),
            (Some("verify-ca" | "require"), Some("system")) => {
                return Err(
                    "sslrootcert=system needs sslmode=verify-full: anybody can get a certificate for some name \
                     from those whom the machine trusts"
                        .to_owned(),
                );
            }
            (Some("verify-ca" | "require"), Some(path)) => Check::Chain(of_file(path)?),
            (Some("verify-ca"), None) => return Err("sslmode=verify-ca needs sslrootcert=FILE".to_owned()),
            (_, Some(_)) => {
                return Err(
                    "sslrootcert needs sslmode=verify-full, or verify-ca or require; otherwise it would not be \
                     looked at"
                        .to_owned(),
                );
            }
            (_, None) => Check::Nothing,
        };
        let mut tls = client(check)?;
        if config.get_ssl_negotiation() == SslNegotiation::Direct {
            tls.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(MakeRustlsConnect::new(tls))
    }
}

fn client(check: Check) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be used: {error}"))?;
    Ok(match check {
        Check::ChainAndName(roots) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .map_err(|error| format!("sslrootcert can't be used: {error}"))?;
            config.with_webpki_verifier(verifier).with_no_client_auth()
        }
        Check::Chain(roots) => lenient(config, Lenient { roots: Some(roots), provider }),
        Check::Nothing => lenient(config, Lenient { roots: None, provider }),
    })
}

fn lenient(config: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, verifier: Lenient) -> ClientConfig {
    config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
}

/// The certificates that a file has in PEM.
fn of_file(path: &str) -> Result<RootCertStore, String> {
    let fault = |error: &dyn std::fmt::Display| format!("sslrootcert {path} can't be used: {error}");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(Path::new(path)).map_err(|error| fault(&error))? {
        roots.add(certificate.map_err(|error| fault(&error))?).map_err(|error| fault(&error))?;
    }
    if roots.is_empty() {
        return Err(fault(&"it has no certificate in PEM"));
    }
    Ok(roots)
}

/// Those whom the machine trusts.
fn of_machine() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let causes: String = found.errors.iter().map(|error| format!(": {error}")).collect();
        return Err(format!(
            "the machine trusts no certificate authority (on Debian, the package ca-certificates has some){causes}; \
             name your own with sslrootcert=FILE"
        ));
    }
    Ok(roots)
}

/// Looks at who signed a certificate, or not even at that, but always at whether the server has its private key: channel
/// binding rests on that.
#[derive(Debug)]
struct Lenient {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What to do about a failure of TLS; None: it is another one, or speaks for itself.
pub fn remedy(error: &tokio_postgres::Error) -> Option<&'static str> {
    let cause = std::error::Error::source(error)?;
    if cause.to_string() == "server does not support TLS" {
        return Some(
            "set ssl = on there, with a certificate; or say sslmode=prefer, if nobody else is on the network between",
        );
    }
    let tls = cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<Error>()?;
    let Error::InvalidCertificate(fault) = tls else { return None };
    use rustls::CertificateError as Fault;
    match fault {
        Fault::UnknownIssuer => Some(
            "nobody who is trusted here has signed the server's certificate: name the file of its authority with \
             sslrootcert=FILE in DATABASE_URL",
        ),
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => Some(
            "the certificate is for another host: connect by a name that it has among its subjectAltNames, or let it be \
             made for this one",
        ),
        Fault::Expired | Fault::ExpiredContext { .. } => Some("the server needs a new certificate"),
        Fault::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Some(
            "the server's certificate is an authority's own: let that authority sign one for the server (CA:FALSE)",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_says_of_tls_is_taken_out_of_it() {
        let wish = |mode: Option<&str>, root: Option<&str>| Wish {
            mode: mode.map(str::to_owned),
            root: root.map(str::to_owned),
        };
        for (url, rest, expected) in [
            ("postgres://u:p@h/d", "postgres://u:p@h/d", wish(None, None)),
            ("postgres://u:p@h/d?sslmode=verify-full", "postgres://u:p@h/d", wish(Some("verify-full"), None)),
            (
                "postgresql://u:p?q@h/d?a=b&sslrootcert=%2Fetc%2Fa%20b.pem&sslmode=require&c=d",
                "postgresql://u:p?q@h/d?a=b&c=d",
                wish(Some("require"), Some("/etc/a b.pem")),
            ),
            ("host=h sslmode=require", "host=h sslmode=require", wish(None, None)),
        ] {
            assert_eq!(split(url), Ok((rest.to_owned(), expected)), "{url}");
        }
    }
}
