import GRPCNIOTransportHTTP2
import NIOSSL

/// The certificate and key of both doors, read once.
struct TLSFiles {
    private let certificatePath: String
    private let keyPath: String
    private let chain: [NIOSSLCertificate]
    private let key: NIOSSLPrivateKey

    /// Reads the files and checks that they belong together.
    ///
    /// - Throws: `HoldfastServerError` with code `file`.
    init(certificate certificatePath: String, key keyPath: String) throws(HoldfastServerError) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
        } catch {
            throw HoldfastServerError(
                .file,
                "\(certificatePath) (--tls-cert) has no certificate that can be read",
                remedy: "Name a PEM file with the certificate chain, leaf first."
            )
        }
        do {
            key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
        } catch {
            throw HoldfastServerError(
                .file,
                "\(keyPath) (--tls-key) has no private key that can be read",
                remedy: "Name a PEM file with the private key, without a passphrase."
            )
        }
        do {
            _ = try NIOSSLContext(configuration: http)
        } catch {
            throw HoldfastServerError(
                .file,
                "\(keyPath) (--tls-key) is not the key of \(certificatePath) (--tls-cert)",
                remedy: "Name a certificate and the key it was made with."
            )
        }
    }

    /// The settings of the HTTP door.
    var http: TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    /// The settings of the gRPC door; TLS 1.2 is the least its transport accepts.
    var grpc: HTTP2ServerTransport.Posix.TransportSecurity {
        .tls(
            certificateChain: [.file(path: certificatePath, format: .pem)],
            privateKey: .file(path: keyPath, format: .pem)
        )
    }
}
