/// Where the doors of a server are, who may pass, and how much at once.
package struct ServerConfiguration: Sendable {
    /// Where OTLP/HTTP, the APIs and the web pages are served.
    package var http = HostPort(host: "127.0.0.1", port: 4318)
    /// Where OTLP/gRPC is served.
    package var grpc = HostPort(host: "127.0.0.1", port: 4317)
    /// A PEM file with the certificate chain, leaf first; both doors then speak TLS only.
    package var tlsCertificate: String?
    /// The PEM file with the private key of the certificate.
    package var tlsKey: String?
    /// A file with one accepted bearer token per line; without it everybody may pass.
    package var tokenFile: String?
    /// The largest body of one request, as it is sent and again once it is inflated.
    package var maxRequestBytes = 64 << 20
    /// Export requests handled at once over both doors; more are told to come back.
    package var maxConcurrentRequests = 256
    /// Bytes of export requests held at once over both doors, as sent and inflated.
    package var maxBytesInFlight = 512 << 20
    /// Bytes of answers that are kept for whoever asks the same; 0 keeps none.
    package var cacheBytesMax = 32 << 20
    /// The space of requests that name none.
    package var defaultSpace = "default"
    /// Threads that read and write sockets.
    package var eventLoopThreads = 2
    /// How long requests in flight may take to finish when the server is told to stop.
    package var shutdownGrace: Duration = .seconds(10)

    /// The defaults.
    package init() {}

    /// Checks what can be checked without touching anything.
    ///
    /// - Throws: `HoldfastServerError` with code `configuration`.
    func validate() throws(HoldfastServerError) {
        guard (1...Self.maxRequestBytesMax).contains(maxRequestBytes) else {
            throw HoldfastServerError(
                .configuration,
                "the limit of a request is \(maxRequestBytes) bytes",
                remedy: "Choose one from 1 byte to \(Self.maxRequestBytesMax) bytes."
            )
        }
        guard maxConcurrentRequests > 0, maxBytesInFlight >= 2 * maxRequestBytes else {
            throw HoldfastServerError(
                .configuration,
                "the limits leave no room for a single request of the largest size",
                remedy: "Allow at least one request, and twice its largest size in bytes."
            )
        }
        guard eventLoopThreads > 0 else {
            throw HoldfastServerError(
                .configuration,
                "there are no threads to serve with",
                remedy: "Allow at least one event-loop thread."
            )
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw HoldfastServerError(
                .configuration,
                "TLS needs a certificate and its key, and only one of them is given",
                remedy: "Give both --tls-cert and --tls-key, or neither."
            )
        }
    }

    /// What the frames of HTTP/2 and the buffers below can count.
    private static let maxRequestBytesMax = 64 << 20
}
