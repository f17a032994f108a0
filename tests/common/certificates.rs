use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// A certificate authority of a test's own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these hosts, and its key, both in PEM.
    pub fn sign(&self, hosts: &[&str]) -> (String, String) {
        let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(hosts).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Writes a certificate for these hosts and its key to files.
    pub fn write(&self, hosts: &[&str], folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.sign(hosts);
        let files = (folder.join("tls.crt"), folder.join("tls.key"));
        std::fs::write(&files.0, certificate).unwrap();
        std::fs::write(&files.1, key).unwrap();
        files
    }
}
