import ArgumentParser
import Foundation
import NIOSSL

/// Which server and space a command talks to, and in what shape it answers.
struct ServerOptions: ParsableArguments {
    @Option(help: "Where the server listens (default: http://127.0.0.1:4318).")
    var url: String?

    @Option(help: "The space to read or write.")
    var space = "default"

    @Option(
        help: ArgumentHelp(
            "A file with the bearer token; the server's own will do.",
            valueName: "file"
        )
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Certificates (PEM) to trust besides the system's; the server's own --tls-cert will do.",
            valueName: "file"
        )
    )
    var tlsCa: String?

    /// The client these options describe, of the server at `defaultURL` unless they name another.
    func client(defaultURL: String = "http://127.0.0.1:4318") throws -> APIClient {
        let url = url ?? defaultURL
        guard let parts = URLComponents(string: url),
            parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false
        else {
            throw ValidationError("--url is \(url); give it like http://127.0.0.1:4318.")
        }
        var base = url
        while base.hasSuffix("/") { base.removeLast() }
        return APIClient(base: base, space: space, token: try token(), tls: try tls())
    }

    /// Whom to trust.
    func tls() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        guard let tlsCa else { return configuration }
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(tlsCa), !certificates.isEmpty
        else {
            throw CommandFailure("\(tlsCa) has no certificates (PEM) in it, or cannot be read")
        }
        configuration.additionalTrustRoots = [.certificates(certificates)]
        return configuration
    }

    /// The token of the token file.
    func token() throws -> String? {
        guard let tokenFile else { return nil }
        guard let text = try? String(contentsOfFile: tokenFile, encoding: .utf8) else {
            throw CommandFailure("the token file \(tokenFile) cannot be read")
        }
        let line = text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .first { !$0.isEmpty && !$0.hasPrefix("#") }
        // The file of the server will do: its lines may have a name before the token.
        let token = line?.split(separator: ":", maxSplits: 1).last
            .map { $0.trimmingCharacters(in: .whitespaces) }
        guard let token, !token.isEmpty else {
            throw CommandFailure("the token file \(tokenFile) has no token in it")
        }
        return token
    }
}

/// Whether the server's JSON is wanted instead of text for people.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the server's JSON.")
    var json = false
}
