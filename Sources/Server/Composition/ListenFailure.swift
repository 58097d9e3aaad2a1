import GRPCCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension HoldfastServerError {
    /// Why an address cannot be listened on, or nil if the error is about something else.
    init?(listening error: any Error, at address: HostPort, flag: String) {
        let cause = (error as? RuntimeError)?.cause ?? error
        if cause is SocketAddressError.UnknownHost {
            self.init(
                .listen,
                "the host of \(address) (\(flag)) is not known",
                remedy: "Choose an address of this machine with \(flag) HOST:PORT."
            )
            return
        }
        guard let failure = cause as? IOError else { return nil }
        switch failure.errnoCode {
        case EADDRINUSE:
            self.init(
                .listen,
                "\(address) (\(flag)) is already in use, maybe by another server",
                remedy: "Stop the other program, or choose another address with \(flag) HOST:PORT."
            )
        case EACCES:
            self.init(
                .listen,
                "this user may not listen on \(address) (\(flag))",
                remedy: "Choose a port above 1023 with \(flag) HOST:PORT."
            )
        default:
            self.init(
                .listen,
                "\(address) (\(flag)) cannot be listened on: \(failure)",
                remedy: "Choose an address of this machine with \(flag) HOST:PORT."
            )
        }
    }
}
