/// Where a Redis server is and how to talk to it.
public struct RedisBusConfiguration: Sendable {
    /// Name or address of the server.
    public var host: String
    /// Its port.
    public var port: Int
    /// The channel that all nodes of a cluster share.
    public var channel = "tagcache"
    /// User of an access control list; nil is the server's default user.
    public var username: String?
    /// What the server asks for with AUTH; nil does not authenticate.
    public var password: String?
    /// How to encrypt; nil does not.
    public var tls: RedisTLS?
    /// Longest time that connecting, encrypting and authenticating may take together.
    public var connectTimeout: Duration = .seconds(2)
    /// Longest time that the server may take to answer.
    public var replyTimeout: Duration = .seconds(2)
    /// How often a quiet subscription is asked for a sign of life.
    public var pingInterval: Duration = .seconds(1)
    /// Pause before the first new attempt after a failure; each failure in a row doubles it.
    public var reconnectDelay: Duration = .milliseconds(100)
    /// Longest pause between attempts.
    public var reconnectDelayMax: Duration = .seconds(5)

    /// A server by its name and port, without authentication and encryption.
    public init(host: String, port: Int = 6379) {
        self.host = host
        self.port = port
    }
}

/// How a connection is encrypted; at least TLS 1.2.
public struct RedisTLS: Sendable, Hashable {
    /// File with the certificates that are trusted; nil takes the system's.
    public var trustedCertificatesFile: String?
    /// File with this node's certificate chain, for servers that ask for one.
    public var certificateFile: String?
    /// File with the certificate's private key.
    public var privateKeyFile: String?
    /// The name or address that the server's certificate must carry; nil takes the host's.
    public var serverName: String?
    /// Whether the server's certificate is checked; without that anybody can pose as the server.
    public var verifiesServer = true

    /// Encryption with the system's trusted certificates.
    public init() {}
}

/// Why a message could not be sent or a connection not be made.
public enum RedisBusError: Error, Sendable, Hashable {
    /// No connection: the system's reason.
    case unreachable(String)
    /// Something took longer than it may.
    case timedOut
    /// The other side closed the connection.
    case disconnected
    /// The server answered with an error, such as a wrong password.
    case refused(String)
    /// Encryption failed: a certificate that is not trusted, no common version, a missing file.
    case tls(String)
    /// The other side does not speak Redis's protocol, or sent more than a bus ever does.
    case notRedis(String)
    /// More messages wait to be sent than `RedisBus.waitingMax`.
    case overloaded
    /// The bus has been closed.
    case closed
}

/// What a bus has done since it was made.
public struct RedisBusStatistics: Sendable, Hashable {
    /// Messages that the server took.
    public var published = 0
    /// Messages that could not be sent.
    public var publishFailures = 0
    /// Messages that came in on the channel.
    public var received = 0
    /// Replies on the subscription that a bus does not know; they were dropped.
    public var unknown = 0
    /// Times that the subscription was established.
    public var subscriptions = 0
    /// Times that a connection failed or could not be made.
    public var connectionFailures = 0
}
