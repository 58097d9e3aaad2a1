// A stream to a server, encrypted or not.
//
// Encryption is OpenSSL's, between two buffers in memory; the bytes in between go through
// `RedisSocket`, so that deadlines hold for both kinds alike and a broken connection is an error and
// not a signal.
import COpenSSL

/// Bytes to and from a server.
struct RedisStream: ~Copyable {
    private let socket: RedisSocket
    private let session: TLSSession?

    init(
        _ configuration: RedisBusConfiguration,
        _ deadline: Deadline,
        _ wake: WakeSignal?
    ) throws(RedisBusError) {
        let connected = try RedisSocket(configuration.host, configuration.port, deadline, wake)
        var encrypted: TLSSession?
        if let tls = configuration.tls {
            let session = try TLSSession(tls, host: configuration.host)
            while try !session.handshake() {
                try connected.write(session.outgoing(), deadline)
                session.take(try connected.read(deadline))
            }
            try connected.write(session.outgoing(), deadline)
            encrypted = session
        }
        socket = connected
        session = encrypted
    }

    func write(_ bytes: [UInt8], _ deadline: Deadline) throws(RedisBusError) {
        guard let session else { return try socket.write(bytes, deadline) }
        try session.encrypt(bytes)
        try socket.write(session.outgoing(), deadline)
    }

    /// What has come in, at least one byte.
    func read(_ deadline: Deadline) throws(RedisBusError) -> [UInt8] {
        guard let session else { return try socket.read(deadline) }
        while true {
            let bytes = try session.decrypt()
            if !bytes.isEmpty { return bytes }
            session.take(try socket.read(deadline))
        }
    }
}

/// One encrypted session between buffers in memory; used by one thread.
private final class TLSSession {
    private let context: OpaquePointer
    private let session: OpaquePointer
    /// Encrypted bytes from and to the other side; they belong to the session.
    private let incomingBuffer: OpaquePointer
    private let outgoingBuffer: OpaquePointer

    init(_ tls: RedisTLS, host: String) throws(RedisBusError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.fault() }
        guard let session = Self.configured(context, tls), let incoming = BIO_new(BIO_s_mem()),
            let outgoing = BIO_new(BIO_s_mem())
        else {
            SSL_CTX_free(context)
            throw Self.fault()
        }
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
        (self.context, self.session) = (context, session)
        (incomingBuffer, outgoingBuffer) = (incoming, outgoing)
        if !expect(tls.serverName ?? host, isVerified: tls.verifiesServer) { throw Self.fault() }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    private static func configured(_ context: OpaquePointer, _ tls: RedisTLS) -> OpaquePointer? {
        ERR_clear_error()
        guard copenssl_require_tls12(context) == 1 else { return nil }
        if let file = tls.trustedCertificatesFile {
            guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else { return nil }
        } else if SSL_CTX_set_default_verify_paths(context) != 1 {
            return nil
        }
        if let file = tls.certificateFile {
            guard SSL_CTX_use_certificate_chain_file(context, file) == 1 else { return nil }
        }
        if let file = tls.privateKeyFile {
            guard SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1,
                SSL_CTX_check_private_key(context) == 1
            else { return nil }
        }
        SSL_CTX_set_verify(context, tls.verifiesServer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        return SSL_new(context)
    }

    /// Says whom the server's certificate must name.
    private func expect(_ name: String, isVerified: Bool) -> Bool {
        // Whether the name is an address decides where in the certificate it has to stand.
        let parameters = SSL_get0_param(session)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return true }
        ERR_clear_error()
        guard copenssl_set_server_name(session, name) == 1 else { return false }
        return !isVerified || SSL_set1_host(session, name) == 1
    }

    /// Goes on with the handshake; whether it is complete.
    func handshake() throws(RedisBusError) -> Bool {
        ERR_clear_error()
        let code = SSL_do_handshake(session)
        if code == 1 { return true }
        try check(code)
        return false
    }

    /// Encrypted bytes that the other side is to get.
    func outgoing() -> [UInt8] { Self.drain { BIO_read(outgoingBuffer, $0, $1) } }

    /// Takes encrypted bytes of the other side.
    func take(_ bytes: [UInt8]) { BIO_write(incomingBuffer, bytes, Int32(bytes.count)) }

    func encrypt(_ bytes: [UInt8]) throws(RedisBusError) {
        ERR_clear_error()
        let code = SSL_write(session, bytes, Int32(bytes.count))
        if code != bytes.count { throw Self.fault() }
    }

    /// What can be decrypted so far; empty when more has to come in first.
    func decrypt() throws(RedisBusError) -> [UInt8] {
        var failed: Int32?
        ERR_clear_error()
        let bytes = Self.drain { buffer, capacity in
            let count = SSL_read(session, buffer, capacity)
            if count <= 0 { failed = count }
            return count
        }
        if bytes.isEmpty, let failed { try check(failed) }
        return bytes
    }

    private static func drain(_ read: (UnsafeMutableRawPointer?, Int32) -> Int32) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = buffer.withUnsafeMutableBytes { read($0.baseAddress, Int32($0.count)) }
            if count <= 0 { return all }
            all += buffer.prefix(Int(count))
        }
    }

    /// Throws unless `code` only says that more has to come in.
    private func check(_ code: Int32) throws(RedisBusError) {
        switch SSL_get_error(session, code) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
        case SSL_ERROR_ZERO_RETURN: throw .disconnected
        default:
            let verdict = SSL_get_verify_result(session)
            if verdict != Int(X509_V_OK) {
                throw .tls(String(cString: X509_verify_cert_error_string(verdict)))
            }
            throw Self.fault()
        }
    }

    private static func fault() -> RedisBusError {
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(ERR_get_error(), &text, text.count)
        return .tls(
            String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        )
    }
}
