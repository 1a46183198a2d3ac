"""Faults in change detection: code versions, fingerprints, hashes of rows, chunks, comparison of files."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

_CHANGED_MODULE = (
    "core/test_code_version.py::test_changed_module_changes_the_stages_whose_result_it_can_change"
)
_CHANGED_BYTES = "ingest/test_ingest_stage.py::test_verify_files_reads_photos_again_whose_bytes_changed_alone"
_SYNTHETIC = (
    "ingest/test_ingest_stage.py::test_missing_and_edited_synthetic_coins_are_noticed_and_drawn_again"
)
MUTATIONS = (
    Mutation(
        "digests depend on the order of keys",
        "core/hashing.py",
        "json.dumps(_to_json(value), sort_keys=True)",
        "json.dumps(_to_json(value))",
        ("core/test_hashing.py",),
    ),
    Mutation(
        "the hash of a folder ignores file names",
        "core/hashing.py",
        r'f"{file.relative_to(root).as_posix()}\0{file_hash(file)}\0"',
        r'f"{file_hash(file)}\0"',
        ("core/test_hashing.py",),
    ),
    Mutation(
        "a changed setting does not rebuild",
        "pipeline/run.py",
        '"settings": stage.settings(config)',
        '"settings": None',
        ("pipeline/test_run.py::test_stage_is_skipped_until_something_changes",),
    ),
    Mutation(
        "changed input tables do not rebuild",
        "pipeline/run.py",
        '"inputs": dict(inputs)',
        '"inputs": {}',
        ("pipeline/test_run.py::test_stage_is_skipped_until_something_changes",),
    ),
    Mutation(
        "changed keys and columns of a table do not rebuild",
        "pipeline/run.py",
        '"tables": written',
        '"tables": None',
        ("core/test_code_version.py::test_columns_and_keys_of_a_table_count_for_the_stage_that_writes_it",),
    ),
    Mutation(
        "the code that writes tables does not count",
        "pipeline/run.py",
        "*stage.modules(config), __name__)",
        "*stage.modules(config))",
        (_CHANGED_MODULE,),
    ),
    Mutation(
        "functions of the configuration do not count as code",
        "core/code_version.py",
        "for name, function in _config_functions(closure):",
        "for name, function in _config_functions([]):",
        (_CHANGED_MODULE,),
    ),
    Mutation(
        "chunks do not count as code",
        "core/code_version.py",
        '        "pipeline.graph",',
        '        "pipeline.chunks",\n        "pipeline.graph",',
        (_CHANGED_MODULE,),
    ),
    Mutation(
        "library versions do not count as code",
        "core/code_version.py",
        "library_versions(libraries), sort_keys",
        "{}, sort_keys",
        ("core/test_code_version.py::test_imported_code_and_libraries_count",),
    ),
    Mutation(
        "changed input files do not run a stage that is up to date",
        "pipeline/run.py",
        "stage.differences(context) if up_to_date or context.verify_files else",
        "stage.differences(context) if not up_to_date else",
        (_SYNTHETIC,),
    ),
    Mutation(
        "a chunk without its marker counts as finished",
        "pipeline/chunks.py",
        'if (path / "_SUCCESS").exists()}',
        "if path.exists()}",
        ("pipeline/test_chunks.py::test_chunk_without_its_marker_of_success_is_written_again",),
    ),
    Mutation(
        "a chunk of other rows counts as finished",
        "pipeline/chunks.py",
        'sum(int(row["rows_hash"]) for row in chunk)',
        'sum(int(row["n"]) for row in chunk)',
        ("pipeline/test_chunks.py::test_value_that_moves_to_another_column_changes_its_chunk",),
    ),
    Mutation(
        "a chunk of other code or settings counts as finished",
        "pipeline/chunks.py",
        "-{version}-{rows_hash",
        "-{len(version)}-{rows_hash",
        ("pipeline/test_chunks.py::test_finished_chunks_are_used_again_after_a_row_was_added",),
    ),
    Mutation(
        "verify: photos whose bytes changed are not merged again",
        "ingest/stage.py",
        '        known = known.join(contents, [*frames.KEY, "photo_ids"], "left_semi")\n',
        "",
        (_CHANGED_BYTES,),
    ),
    Mutation(
        "verify: a finished chunk is reused whatever the bytes of its photos",
        "ingest/stage.py",
        '*(["photo_ids"] if context.verify_files else [])',
        "*[]",
        (_CHANGED_BYTES,),
    ),
    Mutation(
        "verify: photos are compared by their number",
        "ingest/photo_contents.py",
        '~photo["now"].eqNullSafe(photo["before"])',
        'photo["now"].isNull() & photo["before"].isNotNull()',
        (_CHANGED_BYTES,),
    ),
    Mutation(
        "verify: hashes of rejected photos are not stored",
        "ingest/frames.py",
        '"reason", "detail", "photo_ids")',
        '"reason", "detail")',
        (_CHANGED_BYTES,),
    ),
    Mutation(
        "verify: an edited synthetic coin with its old size and time counts as whole",
        "synthetic/file_record.py",
        "(not verify or file_hash(path) == entry[2])",
        "entry[2]",
        ("synthetic/test_collection.py::test_each_damaged_file_is_written_again_with_its_time",),
    ),
    Mutation(
        "a deleted synthetic coin counts as whole",
        "synthetic/file_record.py",
        "    except OSError:\n        return False",
        "    except OSError:\n        return True",
        (_SYNTHETIC,),
    ),
    Mutation(
        "a restored synthetic coin has a new time",
        "synthetic/file_record.py",
        "                os.utime(folder / name, ns=(before[name][1], before[name][1]))\n",
        "                pass\n",
        ("synthetic/test_collection.py::test_each_damaged_file_is_written_again_with_its_time",),
    ),
    Mutation(
        "damaged weights count as whole",
        "pipeline/stored_files.py",
        'path not in known or known[path]["sha256"] != sha256',
        "path not in known",
        ("pipeline/test_stored_files.py",),
    ),
    Mutation(
        "the content hash is that of one row",
        "warehouse/content.py",
        "F.sum(row_hash(rows)",
        "F.max(row_hash(rows)",
        ("warehouse/test_content.py::test_every_row_counts",),
    ),
    Mutation(
        "the content hash skips nulls",
        "warehouse/content.py",
        "return [value.isNull(), value]",
        "return [value]",
        ("warehouse/test_content.py",),
    ),
)
