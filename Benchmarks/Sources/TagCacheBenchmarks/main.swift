// Usage: TagCacheBenchmarks [hits|threads|writes|tags|memory|ratios|persistent|reopen ...]; without arguments, all.
let wanted = Set(CommandLine.arguments.dropFirst())

func runs(_ name: String) -> Bool { wanted.isEmpty || wanted.contains(name) }

if runs("memory") { try await MemoryBenchmarks.memory() }
if runs("hits") { try await MemoryBenchmarks.hits() }
if runs("threads") { try await MemoryBenchmarks.threads() }
if runs("writes") { try await MemoryBenchmarks.writes() }
if runs("tags") { try await MemoryBenchmarks.tags() }
if runs("ratios") { try await MemoryBenchmarks.ratios() }
if runs("persistent") { try await PersistentBenchmarks.hits() }
if runs("reopen") { try await PersistentBenchmarks.reopen() }
