using System.Security.Cryptography;
using CsCheck;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData;

public sealed class EventStoreTests
{
    private static readonly ImportLimits s_limits = new(0.25, BatchRows: 4);

    private readonly SimulatedDisk _disk = new(1);

    [Fact]
    public void Import_of_many_batches_is_read_patient_by_patient_in_the_order_of_time()
    {
        var records = Enumerable.Range(0, 50).Select(i => new ScriptedRecord($"r{i}", $"p{i * 7 % 5}", Time: i * 13 % 50, Available: i, Number: i)).ToArray();

        var import = Import(new ScriptedSource(records));

        Assert.Equal((50, 50, 5), (import.Counts.Added, import.Events, import.Patients));
        Assert.True(import.Segments.Length > 10);
        var read = Read(Store().Snapshot());
        Assert.Equal(["p0", "p1", "p2", "p3", "p4"], read.Keys.Order());
        foreach (var (patient, numbers) in read)
            Assert.Equal(records.Where(record => record.Patient == patient).OrderBy(record => record.Time).Select(record => record.Number), numbers);
    }

    [Fact]
    public void Import_of_the_same_export_again_adds_nothing()
    {
        var source = new ScriptedSource([.. Enumerable.Range(0, 20).Select(i => new ScriptedRecord($"r{i}", "p", i, i))]);
        Import(source);

        var second = Import(source);

        Assert.Equal((0, 20, 0), (second.Counts.Added, second.Counts.Unchanged, second.Events));
        Assert.Equal(20, Read(Store().Snapshot())["p"].Count);
    }

    [Fact]
    public void Import_of_a_longer_export_adds_only_what_is_new()
    {
        var records = Enumerable.Range(0, 20).Select(i => new ScriptedRecord($"r{i}", $"p{i % 3}", i, i, i)).ToArray();
        Import(new ScriptedSource(records.AsSpan(0, 12)));

        var second = Import(new ScriptedSource(records));

        Assert.Equal((8, 12, 8), (second.Counts.Added, second.Counts.Unchanged, second.Events));
        Assert.Equal(20, Read(Store().Snapshot()).Values.Sum(numbers => numbers.Count));
        Assert.Equal(12, Read(Store().Snapshot(asOf: 1)).Values.Sum(numbers => numbers.Count));
    }

    [Fact]
    public void Amended_record_counts_from_its_amendment_and_the_older_version_until_then()
    {
        Import(new ScriptedSource(new ScriptedRecord("r", "p", Time: 1, Available: 2, Number: 5)));
        var amendment = Import(new ScriptedSource(new ScriptedRecord("r", "p", Time: 1, Available: 10, Number: 6)));

        Assert.Equal((0, 1), (amendment.Counts.Added, amendment.Counts.Amended));
        Assert.Equal([], Visible(2 - 0.1));
        Assert.Equal([5], Visible(2));
        Assert.Equal([5], Visible(9.9));
        Assert.Equal([6], Visible(10));
        Assert.Equal([5], Visible(10, asOf: 1));
        // A third version, and then the third again: nothing is held against a version that is no longer the last.
        Import(new ScriptedSource(new ScriptedRecord("r", "p", Time: 1, Available: 20, Number: 7)));
        Assert.Equal(1, Import(new ScriptedSource(new ScriptedRecord("r", "p", Time: 1, Available: 20, Number: 7))).Counts.Unchanged);
        Assert.Equal([6], Visible(19.9));
        Assert.Equal([7], Visible(20));
    }

    [Fact]
    public void Record_entered_in_error_is_as_if_it_had_never_been()
    {
        Import(new ScriptedSource(new ScriptedRecord("r", "p", 1, 2, 5), new ScriptedRecord("s", "p", 1, 2, 8)));

        var second = Import(new ScriptedSource(new ScriptedRecord("r", "p", 1, 2, 5) { Retracted = true }));

        Assert.Equal(1, second.Counts.Retracted);
        Assert.Equal([8], Visible(100));
    }

    [Fact]
    public void Record_that_stands_twice_is_taken_once_and_with_other_content_refused()
    {
        var record = new ScriptedRecord("r", "p", 1, 2, 5);
        var others = Enumerable.Range(0, 9).Select(i => new ScriptedRecord($"o{i}", "q", i, i));

        // Repeated in the same batch, and in a later one.
        var import = Import(new ScriptedSource([record, record, record with { Number = 6 }, .. others, record, record with { Number = 7 }]));

        Assert.Equal((10, 2, 2), (import.Counts.Added, import.Counts.Unchanged, import.Counts.AllRefused));
        Assert.Equal(2, import.Counts.Notes[RecordNote.Duplicate]);
        Assert.Equal(2, import.Counts.Refused[RecordFault.DuplicateDiffers]);
        Assert.Equal([5], Read(Store().Snapshot())["p"]);
        Assert.Contains("\"script\",14,,\"a record of the same identifier", Store().Snapshot().Faults(import), StringComparison.Ordinal);
    }

    [Fact]
    public void Event_that_waits_for_its_encounter_is_available_when_a_later_import_ends_it()
    {
        var stay = new ScriptedRecord("e", "p", 0, 0) { Kind = EventKind.Encounter, Encounter = "stay" };
        var diagnosis = new ScriptedRecord("d", "p", 1, Number: 5) { Kind = EventKind.Condition, Encounter = "stay", AtEncounterEnd = true };
        Import(new ScriptedSource(stay, diagnosis));
        Assert.DoesNotContain(5, Visible(1000));

        Import(new ScriptedSource(stay with { End = 48 }, diagnosis));

        Assert.DoesNotContain(5, Visible(47.9));
        Assert.Contains(5, Visible(48));
    }

    [Fact]
    public void Import_with_more_refused_records_than_allowed_leaves_nothing()
    {
        var faulty = new ScriptedRecord("x", "p", 0) { Fault = RecordFault.NotADate };

        var fault = Assert.Throws<DatasetException>(() => Import(new ScriptedSource(new ScriptedRecord("r", "p", 0, 0), faulty, faulty)));

        Assert.Contains("2 of 3 records were refused", fault.Message, StringComparison.Ordinal);
        Assert.Contains("script:2: element: not a date", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Store().Imports);
        Assert.Empty(_disk.ListDirectories("imports"));
        Assert.Throws<DatasetMissingException>(() => Store().Snapshot());
    }

    [Fact]
    public void Fingerprint_depends_on_every_value_and_on_the_key_and_on_nothing_else()
    {
        var records = Enumerable.Range(0, 9).Select(i => new ScriptedRecord($"r{i}", $"p{i % 2}", i, i, i)).ToArray();
        Sha256Digest Of(ScriptedRecord[] script, byte key = 1) => Import(new SimulatedDisk(2), new ScriptedSource(script), key: key).Fingerprint;

        Assert.Equal(Of(records), Of(records));
        Assert.NotEqual(Of(records), Of(records, key: 2));
        Assert.NotEqual(Of(records), Of([.. records[..8], records[8] with { Number = 8.5 }]));
        Assert.NotEqual(Of(records), Of([.. records[..8], records[8] with { Patient = "p7" }]));
        Assert.NotEqual(Of(records), Of([.. records[..8], records[8] with { Code = "2339-0" }]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Import_killed_at_any_moment_is_there_whole_or_not_at_all_and_goes_through_when_it_is_made_again(bool isSealed)
    {
        var first = new ScriptedSource([.. Enumerable.Range(0, 6).Select(i => new ScriptedRecord($"r{i}", "p", i, i))]);
        var second = new ScriptedSource([.. Enumerable.Range(0, 15).Select(i => new ScriptedRecord($"r{i}", "p", i, i + (i == 3 ? 1 : 0)))]);
        IDisk Over(SimulatedDisk below) => isSealed ? new SealedDisk(below, new byte[SealedDisk.KeyLength], "") : below;
        var undisturbed = new SimulatedDisk(3);
        Import(Over(undisturbed), first);
        var begin = undisturbed.Operations;
        var expected = Import(Over(undisturbed), second).Fingerprint;

        for (var kill = 0; kill < undisturbed.Operations - begin; kill++)
        {
            var below = new SimulatedDisk(kill);
            var disk = Over(below);
            var before = Import(disk, first);
            below.CrashAt = below.Operations + kill;
            Assert.Throws<SimulatedCrash>(() => Import(disk, second));
            below.CrashAt = null;
            below.Restart();

            var imports = Store(disk).Imports;
            Assert.Equal(before.Fingerprint, imports[0].Fingerprint);
            Assert.Equal(imports.Count == 1 ? 6 : 16, Read(Store(disk).Snapshot()).Values.Sum(numbers => numbers.Count));
            if (imports.Count == 1)
                Assert.Equal(expected, Import(disk, second).Fingerprint);
            Assert.Equal(expected, Store(disk).Imports[1].Fingerprint);
        }
    }

    [Fact]
    public void Snapshot_that_is_held_does_not_change_with_a_later_import()
    {
        Import(new ScriptedSource(new ScriptedRecord("r", "p", 1, 1, 5)));
        var held = Store().Snapshot();

        Import(new ScriptedSource(new ScriptedRecord("r", "p", 1, 3, 6), new ScriptedRecord("s", "q", 1, 1, 7)));

        Assert.Equal([5], Read(held)["p"]);
        Assert.Equal(1, held.Number);
    }

    [Fact]
    public void Batches_of_any_size_make_the_same_timelines()
    {
        var record = Gen.Select(Gen.Int[0, 30], Gen.Int[0, 5], Gen.Int[0, 50], Gen.Int[0, 50], (id, patient, time, available) =>
            new ScriptedRecord($"r{id}", $"p{patient}", time, available, id));
        Gen.Select(record.Array[0, 60], Gen.Int[1, 20]).Sample((records, batch) =>
        {
            var limits = new ImportLimits(1);
            var (whole, parts) = (new SimulatedDisk(1), new SimulatedDisk(1));
            Import(whole, new ScriptedSource(records), limits);
            Import(parts, new ScriptedSource(records), limits with { BatchRows = batch });
            Assert.Equal(Read(Store(whole).Snapshot()), Read(Store(parts).Snapshot()));
        }, iter: 50);
    }

    [Fact]
    public void Records_whose_keys_differ_in_one_half_only_are_different_records()
    {
        UInt128[] keys = [new(1, 1), new(1, 2), new(2, 1), new(2, 2), new(1, 3), new(2, 3)];

        var first = Import(_disk, new KeyedSource(keys.AsSpan(0, 5), content: 1));
        var second = Import(_disk, new KeyedSource(keys, content: 1));
        var third = Import(_disk, new KeyedSource([keys[4], keys[5], keys[4]], content: 2));

        Assert.Equal((5, 0), (first.Counts.Added, first.Counts.Unchanged));
        Assert.Equal((1, 5), (second.Counts.Added, second.Counts.Unchanged));
        Assert.Equal((2, 1), (third.Counts.Amended, third.Counts.Unchanged));
    }

    [Fact]
    public void Record_index_that_is_cut_stops_the_next_import()
    {
        var source = new ScriptedSource(new ScriptedRecord("r", "p", 1, 1, 5));
        Import(source);
        using (var index = _disk.Open("imports/000001/records-000.bin", DiskMode.Write))
            index.Truncate(index.Length - 1);

        Assert.Contains("records-000.bin", Assert.Throws<DatasetException>(() => Import(source)).Message, StringComparison.Ordinal);
    }

    private StoreImport Import(ScriptedSource source) => Import(_disk, source);

    private static StoreImport Import(IDisk disk, IEventSource source, ImportLimits? limits = null, byte key = 1) =>
        Store(disk, key).Import(source, limits ?? s_limits, TestContext.Current.CancellationToken);

    private EventStore Store() => Store(_disk);

    private static EventStore Store(IDisk disk, byte key = 1) =>
        new(disk, () => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, [key]), new FakeTimeProvider());

    private static SortedDictionary<string, List<double>> Read(EventSnapshot snapshot)
    {
        var read = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        foreach (var timeline in snapshot.Read((_, _) => true))
            read.Add(snapshot.Patients[timeline.Patient], [.. timeline.Events.ToArray().Select(item => item.Event.Number)]);
        return read;
    }

    private double[] Visible(double hour, int? asOf = null) =>
    [
        .. Store().Snapshot(asOf).Read((_, _) => true).SelectMany(timeline => timeline.Events.ToArray())
            .Where(item => item.IsVisibleAt(ScriptedRecord.Hour(hour))).Select(item => item.Event.Number),
    ];

    /// <summary>Records with keys as they are given, each of one patient's birth.</summary>
    private sealed class KeyedSource(ReadOnlySpan<UInt128> keys, ulong content) : IEventSource
    {
        private readonly UInt128[] _keys = keys.ToArray();

        public string Description => "keys";

        public void ReadInto(IEventSink sink, CancellationToken cancel)
        {
            sink.BeginFile("keys");
            foreach (var (i, key) in _keys.Index())
            {
                sink.Add(new SourceRecord(key, content, i + 1), new ClinicalEvent(
                    EventKind.Birth, sink.DeclarePatient("p"u8), 0, ScriptedRecord.Origin, ClinicalTime.None, ScriptedRecord.Origin, EventFlags.None, -1, double.NaN, -1, -1));
            }
        }
    }
}
