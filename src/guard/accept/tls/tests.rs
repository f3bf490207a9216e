//! Handshakes in memory, one configuration against one client at a time.

use std::io::{self, Read, Write};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber,
};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, NamedGroup, ProtocolVersion, RootCertStore,
    ServerConnection, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::config::ClientTrust;
use crate::config::TlsVersion;
use crate::guard::accept::HandshakeFault;

type Ca = CertifiedIssuer<'static, KeyPair>;

/// A CA whose name is `name`, under `issuer` or by itself.
fn authority(name: &str, issuer: Option<&Ca>) -> Ca {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from(1));
    let key = KeyPair::generate().unwrap();
    match issuer {
        Some(issuer) => Ca::signed_by(params, key, issuer).unwrap(),
        None => Ca::self_signed(params, key).unwrap(),
    }
}

/// A certificate with its key.
struct Leaf {
    certificate: Certificate,
    key: KeyPair,
}

/// A certificate for `localhost` with serial number 7, changed by `change`.
fn leaf(issuer: &Ca, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
    let mut params = leaf_params();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    Leaf { certificate: params.signed_by(&key, issuer).unwrap(), key }
}

fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.serial_number = Some(SerialNumber::from(7));
    params
}

/// A list by `issuer` that revokes `serial`, and is `age` old at a life of a week.
fn crl(issuer: &Ca, serial: u64, age: Duration) -> String {
    let this_update = OffsetDateTime::now_utc() - age;
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: this_update,
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update,
        next_update: this_update + Duration::WEEK,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}

fn write(directory: &TempDir, file: &str, contents: &str) -> PathBuf {
    let path = directory.path().join(file);
    std::fs::write(&path, contents).unwrap();
    path
}

/// A server under a CA of its own, and what its configuration is made of.
struct Server {
    directory: TempDir,
    root: Ca,
    tls: TlsConfig,
}

impl Server {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = authority("server root", None);
        let Leaf { certificate, key } = leaf(&root, |_| ());
        let tls = TlsConfig {
            cert: write(&directory, "cert.pem", &certificate.pem()),
            key: write(&directory, "key.pem", &key.serialize_pem()),
            client_auth: ClientAuth::Off,
            min_version: TlsVersion::V1_3,
        };
        Self { directory, root, tls }
    }

    fn trust(&self, ca: &Ca, crls: &[String]) -> ClientTrust {
        let crls = crls
            .iter()
            .enumerate()
            .map(|(n, crl)| write(&self.directory, &format!("{n}.crl"), crl))
            .collect();
        ClientTrust { cas: vec![write(&self.directory, "ca.pem", &ca.pem())], crls }
    }

    fn requiring(mut self, ca: &Ca, crls: &[String]) -> Self {
        self.tls.client_auth = ClientAuth::Required(self.trust(ca, crls));
        self
    }

    fn config(&self) -> Arc<ServerConfig> {
        server_tls(&self.tls).unwrap().config
    }

    /// A client that trusts the server, and shows `chain` if there is one.
    fn client(&self, chain: Option<(&Leaf, &[&Ca])>) -> Arc<ClientConfig> {
        self.client_with(chain, aws_lc_rs::default_provider(), &[&TLS13])
    }

    fn client_with(
        &self,
        chain: Option<(&Leaf, &[&Ca])>,
        provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut client = match chain {
            None => client.with_no_client_auth(),
            Some((leaf, issuers)) => {
                let mut certificates: Vec<CertificateDer<'static>> = vec![leaf.certificate.der().clone()];
                certificates.extend(issuers.iter().map(|issuer| issuer.der().clone()));
                let key = PrivatePkcs8KeyDer::from(leaf.key.serialize_der()).into();
                client.with_client_auth_cert(certificates, key).unwrap()
            }
        };
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        client.enable_early_data = true;
        Arc::new(client)
    }

    /// Whether a client that shows `chain` is let in.
    fn admits(&self, chain: Option<(&Leaf, &[&Ca])>) -> bool {
        connect(&self.config(), &self.client(chain)).is_ok()
    }
}

/// A connection made, both ends in hand, with one byte sent each way so that
/// tickets have arrived.
fn connect(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(ServerConnection, ClientConnection), rustls::Error> {
    let mut client = ClientConnection::new(Arc::clone(client), "localhost".try_into().unwrap()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    client.writer().write_all(b"?").unwrap();
    server.writer().write_all(b"!").unwrap();
    let mut wire = Vec::new();
    while client.wants_write() || server.wants_write() {
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        feed(&mut wire, |bytes| server.read_tls(bytes));
        server.process_new_packets()?;
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        feed(&mut wire, |bytes| client.read_tls(bytes));
        client.process_new_packets()?;
    }
    server.reader().read_exact(&mut [0]).unwrap();
    client.reader().read_exact(&mut [0]).unwrap();
    Ok((server, client))
}

fn feed(wire: &mut Vec<u8>, mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
    let mut bytes = &wire[..];
    while !bytes.is_empty() {
        read(&mut bytes).unwrap();
    }
    wire.clear();
}

#[test]
fn the_newest_version_and_the_hybrid_exchange_are_used_and_x25519_alone_is_taken() {
    let server = Server::new();
    for (groups, negotiated) in [
        (aws_lc_rs::default_provider().kx_groups, NamedGroup::X25519MLKEM768),
        (vec![kx_group::X25519], NamedGroup::X25519),
    ] {
        let provider = CryptoProvider { kx_groups: groups, ..aws_lc_rs::default_provider() };
        let client = server.client_with(None, provider, &[&TLS13, &TLS12]);
        let (accepted, _) = connect(&server.config(), &client).unwrap();
        assert_eq!(accepted.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(accepted.negotiated_key_exchange_group().unwrap().name(), negotiated);
        assert_eq!(accepted.alpn_protocol(), Some(&b"h2"[..]));
    }
}

#[test]
fn tls_1_2_is_spoken_only_when_asked_for() {
    let mut server = Server::new();
    let client = server.client_with(None, aws_lc_rs::default_provider(), &[&TLS12]);
    assert!(connect(&server.config(), &client).is_err());
    server.tls.min_version = TlsVersion::V1_2;
    assert!(connect(&server.config(), &client).is_ok());
}

#[test]
fn sessions_resume_by_one_ticket_without_early_data_until_the_configuration_is_made_anew() {
    let mut server = Server::new();
    let partner = authority("partner", None);
    server = server.requiring(&partner, &[]);
    let known = leaf(&partner, |_| ());
    for versions in [&[&TLS13][..], &[&TLS12]] {
        server.tls.min_version = TlsVersion::V1_2;
        let client = server.client_with(Some((&known, &[])), aws_lc_rs::default_provider(), versions);
        let config = server.config();
        let kind = |config| connect(config, &client).unwrap().0.handshake_kind();
        assert_eq!(kind(&config), Some(HandshakeKind::Full));
        let (accepted, mut resumed) = connect(&config, &client).unwrap();
        assert_eq!(accepted.handshake_kind(), Some(HandshakeKind::Resumed));
        assert!(accepted.peer_certificates().is_some(), "who it is comes along");
        assert!(resumed.early_data().is_none());
        if versions[0].version == ProtocolVersion::TLSv1_3 {
            assert_eq!(resumed.tls13_tickets_received(), 1);
        }
        assert_eq!(kind(&server.config()), Some(HandshakeKind::Full));
    }
}

#[test]
fn clients_are_asked_for_certificates_as_configured() {
    let partner = authority("partner", None);
    let known = leaf(&partner, |_| ());
    let stranger = leaf(&authority("stranger", None), |_| ());
    let impostor = leaf(&authority("partner", None), |_| ());
    let mut server = Server::new();
    for (auth, none, good, bad) in [
        (ClientAuth::Off, true, true, true),
        (ClientAuth::Optional(server.trust(&partner, &[])), true, true, false),
        (ClientAuth::Required(server.trust(&partner, &[])), false, true, false),
    ] {
        server.tls.client_auth = auth;
        assert_eq!(server.admits(None), none);
        assert_eq!(server.admits(Some((&known, &[]))), good);
        assert_eq!(server.admits(Some((&stranger, &[]))), bad);
        assert_eq!(server.admits(Some((&impostor, &[]))), bad);
    }
}

#[test]
fn certificates_out_of_time_or_for_another_purpose_are_refused() {
    let partner = authority("partner", None);
    let server = Server::new().requiring(&partner, &[]);
    let now = OffsetDateTime::now_utc();
    let admits = |change: fn(&mut CertificateParams, OffsetDateTime)| {
        server.admits(Some((&leaf(&partner, |params| change(params, now)), &[])))
    };
    assert!(admits(|params, now| params.not_after = now + Duration::MINUTE));
    assert!(!admits(|params, now| params.not_after = now - Duration::MINUTE));
    assert!(!admits(|params, now| params.not_before = now + Duration::MINUTE));
    assert!(admits(|params, _| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]));
    assert!(!admits(|params, _| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]));
}

#[test]
fn an_anchor_is_believed_whatever_it_says_of_itself() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = OffsetDateTime::now_utc() - Duration::DAY;
    let ended = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let server = Server::new().requiring(&ended, &[]);
    assert!(server.admits(Some((&leaf(&ended, |_| ()), &[]))), "its end");

    let known = leaf(&ended, |_| ());
    let mut server = Server::new();
    let cas = vec![write(&server.directory, "leaf.pem", &known.certificate.pem())];
    server.tls.client_auth = ClientAuth::Required(ClientTrust { cas, crls: Vec::new() });
    assert!(!server.admits(Some((&known, &[]))), "its own certificate is under another");
    let (params, key) = (leaf_params(), KeyPair::generate().unwrap());
    let issuer = rcgen::Issuer::from_params(&params, &known.key);
    let under = Leaf { certificate: params.signed_by(&key, &issuer).unwrap(), key };
    assert!(server.admits(Some((&under, &[]))), "that it is not a CA's");
}

#[test]
fn revocation_refuses_the_revoked_and_whoever_no_current_list_speaks_for() {
    let partner = authority("partner", None);
    let known = leaf(&partner, |_| ());
    let (fresh, stale) = (Duration::HOUR, Duration::WEEK * 2);
    for (crls, admitted) in [
        (vec![], true),
        (vec![crl(&partner, 9, fresh)], true),
        (vec![crl(&partner, 7, fresh)], false),
        (vec![crl(&partner, 9, stale)], false),
        (vec![crl(&authority("another", None), 9, fresh)], false),
        (vec![crl(&authority("partner", None), 9, fresh)], false),
        (vec![crl(&authority("another", None), 9, fresh), crl(&partner, 9, fresh)], true),
    ] {
        let server = Server::new().requiring(&partner, &crls);
        assert_eq!(server.admits(Some((&known, &[]))), admitted, "{crls:?}");
    }
}

#[test]
fn revocation_covers_the_whole_chain() {
    let partner = authority("partner", None);
    let team = authority("team", Some(&partner));
    let known = leaf(&team, |_| ());
    let list = |issuer, serial| crl(issuer, serial, Duration::HOUR);
    for (crls, admitted) in [
        (vec![list(&partner, 9), list(&team, 9)], true),
        (vec![list(&partner, 1), list(&team, 9)], false),
        (vec![list(&team, 9)], false),
        (vec![list(&partner, 9)], false),
    ] {
        let server = Server::new().requiring(&partner, &crls);
        assert_eq!(server.admits(Some((&known, &[&team]))), admitted);
    }
}

#[test]
fn who_is_not_let_in_is_told_apart() {
    let partner = authority("partner", None);
    let (now, fresh, stale) = (OffsetDateTime::now_utc(), Duration::HOUR, Duration::WEEK * 2);
    let known = leaf(&partner, |_| ());
    let stranger = leaf(&authority("stranger", None), |_| ());
    let ended = leaf(&partner, |params| params.not_after = now - Duration::MINUTE);
    let ahead = leaf(&partner, |params| params.not_before = now + Duration::MINUTE);
    let impostor = leaf(&authority("partner", None), |_| ());
    let of_server =
        leaf(&partner, |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    let list = |issuer, serial, age| vec![crl(issuer, serial, age)];
    for (shown, crls, reason) in [
        (None, vec![], "no_certificate"),
        (Some(&stranger), vec![], "unknown_ca"),
        (Some(&impostor), vec![], "bad_certificate"),
        (Some(&ended), vec![], "expired"),
        (Some(&ahead), vec![], "not_yet_valid"),
        (Some(&of_server), vec![], "wrong_purpose"),
        (Some(&known), list(&partner, 7, fresh), "revoked"),
        (Some(&known), list(&partner, 9, stale), "crl_ended"),
        (Some(&known), list(&authority("another", None), 9, fresh), "crl_missing"),
        (Some(&known), list(&authority("partner", None), 9, fresh), "crl_missing"),
    ] {
        let server = Server::new().requiring(&partner, &crls);
        let client = server.client(shown.map(|leaf| (leaf, &[][..])));
        let error = connect(&server.config(), &client).unwrap_err();
        assert_eq!(HandshakeFault::of(&io::Error::other(error)).name(), reason);
    }
}

#[test]
fn errors_say_which_file() {
    let mut server = Server::new();
    let other = leaf(&server.root, |_| ());
    server.tls.key = write(&server.directory, "other.pem", &other.key.serialize_pem());
    let error = |server: &Server| server_tls(&server.tls).err().unwrap();
    assert!(matches!(error(&server), TlsError::Identity { .. }));
    assert!(error(&server).to_string().contains("other.pem"));

    server.tls.key = server.directory.path().join("missing.pem");
    assert!(error(&server).to_string().contains("missing.pem"));

    let no_list = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_owned();
    let server = Server::new().requiring(&authority("partner", None), &[no_list]);
    assert!(matches!(error(&server), TlsError::RevocationLists { .. }));
    assert!(error(&server).to_string().contains("0.crl"));
}

#[test]
fn of_several_files_the_first_end_is_the_one_to_warn_of() {
    let (partner, another) = (authority("partner", None), authority("another", None));
    let lists =
        [crl(&partner, 9, Duration::HOUR), crl(&another, 9, Duration::DAY), crl(&partner, 9, Duration::HOUR)];
    let server = Server::new().requiring(&partner, &lists);
    let endings = server_tls(&server.tls).unwrap().endings;
    let of_lists: Vec<&Ending> = endings.iter().filter(|ending| ending.kind == "client_crl").collect();
    let names: Vec<&str> = of_lists.iter().map(|ending| ending.name.as_str()).collect();
    assert_eq!(names, ["CN=partner", "CN=another", "CN=partner"]);
    let first = of_lists.iter().filter_map(|ending| ending.ends).min();
    assert!(of_lists[1].ends == first && of_lists[0].ends > first);
    let shown: BTreeMap<_, _> = first_ends(&endings).collect();
    assert_eq!(shown.keys().copied().collect::<Vec<_>>(), ["client_ca", "client_crl", "server"]);
    assert_eq!(shown.get("client_crl").copied(), first);
}
