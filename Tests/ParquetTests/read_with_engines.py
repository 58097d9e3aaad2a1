"""Compares what pyarrow and DuckDB read from a Parquet file with what was written.

Usage: read_with_engines.py FILE EXPECTED
       read_with_engines.py write FOLDER     writes files as other engines write them
       read_with_engines.py same FILE COPY   compares two files

EXPECTED has a JSON object a row: field name to value. Bytes are {"b": "hexadecimal"}, doubles {"d": "the bits as
hexadecimal"}, timestamps microseconds, lists of structs are lists of objects, maps lists of [key, value].
"""

import datetime
import json
import random
import struct
import sys

import duckdb
import pyarrow
import pyarrow.parquet

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def expected_value(value):
    if isinstance(value, dict):
        if set(value) == {"b"}:
            return bytes.fromhex(value["b"])
        if set(value) == {"d"}:
            return struct.unpack(">d", bytes.fromhex(value["d"]))[0]
        return {key: expected_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expected_value(item) for item in value]
    return value


def plain(value):
    """Brings what an engine returns into the form of expected_value."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return value


def same(left, right):
    if isinstance(left, float) and isinstance(right, float):
        return struct.pack(">d", left) == struct.pack(">d", right) or (left != left and right != right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def compare(engine, name, found, rows):
    expected = [row[name] for row in rows]
    assert len(found) == len(expected), f"{engine}: {name} has {len(found)} rows, not {len(expected)}"
    for number, (left, right) in enumerate(zip(found, expected)):
        assert same(left, right), f"{engine}: {name}, row {number}: {left!r} is not {right!r}"


def with_pyarrow(path, rows):
    file = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    table.validate(full=True)
    for name in table.column_names:
        found = []
        for value in table.column(name):
            kind = str(value.type)
            if kind.startswith("timestamp"):
                found.append(value.value)
            elif kind.startswith(("list<", "map<")) and "timestamp" in kind:
                found.append(plain_timestamps(value))
            else:
                found.append(plain(value.as_py()))
        compare("pyarrow", name, found, rows)
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.row_group(group).num_columns):
            chunk = file.metadata.row_group(group).column(column)
            assert chunk.statistics is not None, f"pyarrow: no statistics of {chunk.path_in_schema}"
            assert chunk.statistics.has_null_count
    return file


def plain_timestamps(value):
    """Timestamps beyond what datetime can hold, inside lists and maps."""
    if not value.is_valid:
        return None
    kind = str(value.type)
    if kind.startswith("timestamp"):
        return value.value
    if kind.startswith("map<"):
        pairs = value.values
        return [
            [plain_timestamps(pairs[i]["key"]), plain_timestamps(pairs[i]["value"])]
            for i in range(len(pairs))
        ]
    if kind.startswith(("list<", "large_list<")):
        return [plain_timestamps(item) for item in value.values]
    if kind.startswith("struct<"):
        return {name: plain_timestamps(value[name]) for name in value.keys()}
    return plain(value.as_py())


def with_duckdb(path, rows):
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    relation = connection.sql(f"select * from read_parquet('{path}')")
    for name, kind in zip(relation.columns, relation.types):
        kind = str(kind)
        expression = f'"{name}"'
        if kind == "TIMESTAMP WITH TIME ZONE":
            expression = f'epoch_us("{name}")'
        elif kind.startswith("MAP("):
            expression = f'map_entries("{name}")'
        if "TIMESTAMP" in kind and kind.startswith("MAP("):
            expression = f"[{{'key': e.key, 'value': epoch_us(e.value)}} for e in {expression}]"
        elif kind.endswith("[]") and kind.startswith("TIMESTAMP"):
            expression = f"[epoch_us(e) for e in {expression}]"
        elif kind.startswith("STRUCT(") and kind.endswith("[]"):
            members = connection.sql(f'select unnest("{name}", recursive := true) from read_parquet(\'{path}\')')
            parts = ", ".join(
                f"'{m}': " + (f'epoch_us(e."{m}")' if "TIMESTAMP" in str(t) else f'e."{m}"')
                for m, t in zip(members.columns, members.types)
            )
            expression = f"[{{{parts}}} for e in {expression}]"
        found = [
            plain(value)
            for (value,) in connection.execute(
                f"select {expression} from read_parquet('{path}')"
            ).fetchall()
        ]
        if kind.startswith("MAP("):
            found = [[[pair["key"], pair["value"]] for pair in row] for row in found]
        compare("duckdb", name, found, rows)
    # Filters use statistics, dictionaries and bloom filters; none may lose a row.
    for name, kind in zip(relation.columns, relation.types):
        values = [row[name] for row in rows if isinstance(row[name], (int, str)) and not isinstance(row[name], bool)]
        if str(kind) not in ("VARCHAR", "BIGINT", "INTEGER") or not values:
            continue
        for value in {values[0], values[-1], min(values), max(values)}:
            (count,) = connection.execute(
                f'select count(*) from read_parquet(\'{path}\') where "{name}" = ?', [value]
            ).fetchone()
            assert count == values.count(value), f"duckdb: {count} rows with {name} = {value!r}"
    (rows_with_bloom,) = connection.execute(
        f"select count(*) from parquet_metadata('{path}') where bloom_filter_offset is not null"
    ).fetchone()
    return rows_with_bloom


def write_files(folder):
    count = 5000
    random.seed(1)
    some = lambda value: value if random.random() < 0.8 else None
    table = pyarrow.table({
        "i": pyarrow.array([some(random.randrange(-5, 5)) for _ in range(count)], pyarrow.int64()),
        "r": pyarrow.array(range(count), pyarrow.int32()),
        "s": pyarrow.array([some(f"v{random.randrange(100)}") for _ in range(count)]),
        "u": pyarrow.array([f"unique {i}" for i in range(count)]),
        "d": pyarrow.array([random.random() for _ in range(count)]),
        "f": pyarrow.array([random.random() for _ in range(count)], pyarrow.float32()),
        "b": pyarrow.array([random.random() < 0.5 for _ in range(count)]),
        "x": pyarrow.array([bytes([i % 256]) for i in range(count)]),
        "t": pyarrow.array([i * 1000 for i in range(count)], pyarrow.timestamp("us", tz="UTC")),
        "l": pyarrow.array([list(range(i % 4)) for i in range(count)], pyarrow.list_(pyarrow.int64())),
        "m": pyarrow.array(
            [[(f"k{j}", f"x{j * i % 17}") for j in range(i % 3)] for i in range(count)],
            pyarrow.map_(pyarrow.string(), pyarrow.string()),
        ),
        "st": pyarrow.array(
            [[{"a": j, "b": f"b{j}" if j else None} for j in range(i % 3)] for i in range(count)],
            pyarrow.list_(pyarrow.struct([("a", pyarrow.int64()), ("b", pyarrow.string())])),
        ),
    })
    deltas = {"i": "DELTA_BINARY_PACKED", "r": "DELTA_BINARY_PACKED", "s": "DELTA_LENGTH_BYTE_ARRAY",
              "u": "DELTA_BYTE_ARRAY", "d": "BYTE_STREAM_SPLIT"}
    options = {
        "dictionary": {},
        "plain": {"use_dictionary": False},
        "indexed": {"write_page_index": True, "data_page_size": 2000, "write_page_checksum": True},
        "mixed": {"write_page_index": True, "data_page_size": 2000, "dictionary_pagesize_limit": 10_000},
        "delta": {"use_dictionary": False, "column_encoding": deltas},
        "uncompressed": {"compression": "none"},
    }
    for name, more in options.items():
        pyarrow.parquet.write_table(table, f"{folder}/{name}.parquet", **{"compression": "zstd", **more})
    for version in ("v1", "v2"):
        duckdb.sql(
            f"copy (from '{folder}/plain.parquet') to '{folder}/duckdb-{version}.parquet' "
            f"(format parquet, compression zstd, parquet_version {version})"
        )


def compare_files(path, copy):
    left, right = (pyarrow.parquet.read_table(file) for file in (path, copy))
    assert left.column_names == right.column_names
    for name in left.column_names:
        assert left.column(name).to_pylist() == right.column(name).to_pylist(), name
    print("the files agree")


def main():
    if sys.argv[1] == "write":
        return write_files(sys.argv[2])
    if sys.argv[1] == "same":
        return compare_files(*sys.argv[2:4])
    path, expected = sys.argv[1:3]
    with open(expected, encoding="utf-8") as lines:
        rows = [expected_value(json.loads(line)) for line in lines]
    with_pyarrow(path, rows)
    with_duckdb(path, rows)
    print(f"{len(rows)} rows agree")


main()
