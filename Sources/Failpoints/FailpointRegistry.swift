// The one type that call sites and tests use.
//
// It is declared once for both flavours, so nobody else writes `#if`. With the trait off it has no
// storage, `hit` and `evaluate` are empty and inlined, and arming throws `.compiledOut`: a test
// that arms where nothing can fire must not pass.
//
// An arrival is recorded in the registry it is reported to, in the task-local scope and in the
// scope of the process; the first of these three that armed the place decides what happens.

#if Failpoints
import Synchronization
#endif

/// Which places are armed, for one owner; copies share their state.
public struct FailpointRegistry: Sendable {
    #if Failpoints
    @usableFromInline let core: RegistryCore
    #endif

    /// Whether the package trait `Failpoints` is on; tests that arm a place need it.
    public static var isCompiledIn: Bool {
        #if Failpoints
        true
        #else
        false
        #endif
    }

    /// A registry with nothing armed.
    ///
    /// - Parameters:
    ///   - seed: decides every draw; a random one, which the report names, if nil.
    ///   - clock: what `delay` waits on.
    ///   - bound: how long a thread may be parked, on the monotonic clock of the system.
    public init(
        seed: UInt64? = nil,
        clock: any FailpointClock = SystemFailpointClock(),
        bound: Duration = .seconds(30)
    ) {
        #if Failpoints
        core = RegistryCore(seed: seed ?? .random(in: 0 ... .max), clock: clock, bound: bound)
        #endif
    }

    /// A registry with nothing armed, a random seed and the clock of the system.
    @inlinable @inline(__always)
    public init() {
        #if Failpoints
        self.init(seed: nil)
        #endif
    }

    // MARK: At the place

    /// Marks that `point` was reached and throws if it is armed to fail.
    ///
    /// May block the thread (`delay`, `pause`, `rendezvous`), so a place that a test arms so must
    /// not be reached on the cooperative pool; see `runOnThread(_:)`. May end the process.
    @inlinable @inline(__always)
    public func hit(_ point: @autoclosure () -> some Failpoint) throws(InjectedFault) {
        #if Failpoints
        if let fault = reach(point().rawValue) { throw fault }
        #endif
    }

    /// Marks that `point` was reached; what is returned the caller makes happen itself.
    ///
    /// For places that can write short, damage bytes or answer with an error number. Blocks and
    /// ends the process as `hit(_:)` does.
    @inlinable @inline(__always)
    public func evaluate(_ point: @autoclosure () -> some Failpoint) -> Injection? {
        #if Failpoints
        reach(point().rawValue)?.injection
        #else
        nil
        #endif
    }

    /// Tells the registry a catalog; from then on it refuses to arm names of no catalog it knows.
    @inlinable @inline(__always)
    public func know<Catalog: Failpoint>(_ catalog: @autoclosure () -> Catalog.Type) {
        #if Failpoints
        know(names: catalog().allCases.map(\.rawValue))
        #endif
    }

    #if Failpoints
    @usableFromInline func reach(_ name: String) -> InjectedFault? { core.reach(name) }

    @usableFromInline func know(names: [String]) { core.state.withLock { $0.know(names) } }
    #endif

    // MARK: Arming

    /// Arms `point` until it is armed anew or disarmed; it acts before any program armed earlier.
    ///
    /// - Throws: `.unknownPoint`, `.unknownCallback`, `.compiledOut`.
    public func arm(
        _ point: some Failpoint,
        _ program: FailpointProgram
    ) throws(FailpointError) {
        try arm([(point.rawValue, program)])
    }

    /// Arms all that `configuration` names, as in `a=3*off->1*error;b=25%errno(EIO)`, or nothing.
    ///
    /// - Throws: `.syntax`, `.unknownPoint`, `.unknownCallback`, `.compiledOut`.
    public func arm(configuration: String) throws(FailpointError) {
        #if Failpoints
        var parser = FailpointParser(configuration)
        try arm(try parser.configuration())
        #else
        throw .compiledOut
        #endif
    }

    private func arm(_ entries: [(String, FailpointProgram)]) throws(FailpointError) {
        #if Failpoints
        try core.state.withLock { state throws(FailpointError) in
            for (point, program) in entries { try state.check(point, program) }
            for (point, program) in entries { state.arm(point, program) }
        }
        #else
        throw .compiledOut
        #endif
    }

    /// Takes back what `arm` armed at `point`; a `withFailpoint` around the caller stays.
    public func disarm(_ point: some Failpoint) {
        #if Failpoints
        core.state.withLock { $0.disarm(point.rawValue, guardID: 0) }
        #endif
    }

    /// Gives the function that `callback(name)` calls, before anything that calls it is armed.
    ///
    /// It runs on the thread that arrived, outside every lock; what it returns is injected.
    public func define(
        callback name: String,
        _ body: @escaping @Sendable (FailpointHit) -> Injection?
    ) {
        #if Failpoints
        core.state.withLock { $0.callbacks[name] = body }
        #endif
    }

    /// Puts `program` on top of `point`; the number goes to `pop`.
    func push(_ point: String, _ program: FailpointProgram) throws(FailpointError) -> Int {
        #if Failpoints
        try core.state.withLock { state throws(FailpointError) in
            try state.check(point, program)
            return state.push(point, program)
        }
        #else
        throw .compiledOut
        #endif
    }

    func pop(_ point: String, _ guardID: Int) {
        #if Failpoints
        core.state.withLock { $0.disarm(point, guardID: guardID) }
        #endif
    }

    /// Arms the process from an environment variable, for crash tests of a whole program.
    ///
    /// Call it once at the start of `main`. The variable holds a configuration; a second one of
    /// the same name with `_SEED` behind it holds the seed, which is printed to standard error
    /// when a draw decides anything. Nothing happens if the variable is not set.
    ///
    /// - Parameters:
    ///   - variable: the name of the variable.
    ///   - prepare: tells the registry its catalogs and callbacks, before it is armed.
    /// - Throws: `.syntax`, `.unknownPoint`, `.unknownCallback`.
    @inlinable @inline(__always)
    public static func installProcessScope(
        from variable: String = "HOLDFAST_FAILPOINTS",
        _ prepare: (FailpointRegistry) -> Void = { _ in }
    ) throws(FailpointError) {
        #if Failpoints
        try install(from: variable, prepare)
        #endif
    }

    #if Failpoints
    @usableFromInline
    static func install(
        from variable: String,
        _ prepare: (FailpointRegistry) -> Void
    ) throws(FailpointError) {
        guard let configuration = HostProcess.variable(variable) else { return }
        let seedVariable = variable + "_SEED"
        var seed: UInt64?
        if let text = HostProcess.variable(seedVariable) {
            seed = UInt64(text)
            guard seed != nil else {
                throw .syntax(
                    position: 0,
                    reason: "\(seedVariable)=\(text) is no number from 0 to \(UInt64.max)"
                )
            }
        }
        let registry = FailpointRegistry(seed: seed)
        prepare(registry)
        try registry.arm(configuration: configuration)
        let (used, drawsLots) = registry.core.state.withLock { ($0.seed, $0.drawsLots) }
        if drawsLots { HostProcess.say("\(seedVariable)=\(used) draws the same lots again") }
        ProcessScope.core.withLock { $0 = registry.core }
    }
    #endif
}
