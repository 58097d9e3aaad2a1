import HTTPTypes
import Hummingbird
import NIOPosix
import Telemetry

/// Runs queries, which read files, on threads of their own, so that none of the server's waits for a disk.
struct QueryRunner: Sendable {
    private let node: TelemetryNode
    private let threads: NIOThreadPool

    /// Starts `count` threads: as many queries run at once; others wait.
    init(node: TelemetryNode, threads count: Int = 4) {
        self.node = node
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// The answer of `query` as JSON.
    func json(
        _ request: Request,
        _ query: @escaping @Sendable (TelemetryNode) throws -> [UInt8]
    ) async throws(APIError) -> Response {
        do {
            let bytes = try await threads.runIfActive { try query(node) }
            return Response(
                packing: bytes,
                contentType: "application/json",
                acceptEncoding: request.headers[.acceptEncoding]
            )
        } catch let error as APIError {
            throw error
        } catch let error as QueryFailure {
            throw APIError(error)
        } catch {
            throw .internal
        }
    }
}

extension APIError {
    /// A query's failure as an answer.
    init(_ failure: QueryFailure) {
        switch failure.code {
        case .badRequest:
            self.init(.badRequest, code: "malformed", failure.message, remedy: failure.remedy)
        case .unknownSpace:
            self.init(.notFound, code: "unknown_space", failure.message, remedy: failure.remedy)
        case .notFound:
            self.init(.notFound, code: "not_found", failure.message, remedy: failure.remedy)
        case .refused:
            self.init(
                .unprocessableContent,
                code: "refused",
                failure.message,
                remedy: failure.remedy
            )
        case .unavailable:
            self.init(
                .serviceUnavailable,
                code: "unavailable",
                failure.message,
                remedy: failure.remedy,
                retryAfter: 1
            )
        case .damaged:
            self.init(
                .internalServerError,
                code: "damaged",
                failure.message,
                remedy: failure.remedy
            )
        }
    }
}
