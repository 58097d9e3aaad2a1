// The names of places, for programs that arm each of them in turn.

#if Failpoints
import Synchronization
#endif

extension FailpointRegistry {
    /// The names of every catalog the registry knows, sorted; none where failpoints are compiled out.
    public var knownNames: [String] {
        #if Failpoints
        core.state.withLock { $0.known.sorted() }
        #else
        []
        #endif
    }
}
