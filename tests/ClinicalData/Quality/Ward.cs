using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

/// <summary>A hospital's events as a test writes them down: one record, one event a line. Times are hours after 2020-01-01; what is not said is available at once.</summary>
internal sealed class Ward : IEventSource
{
    /// <summary>When it is imported.</summary>
    public static readonly DateTimeOffset ImportedAt = new(2021, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<(string Patient, Func<IEventSink, ClinicalEvent> Event)> _records = [];
    private readonly HashSet<int> _noted = [];

    public string Description => "ward";

    /// <summary>Name of its file.</summary>
    public string FileName { get; init; } = "ward.ndjson";

    /// <summary>A ward in which nothing is amiss: 60 patients, each with a stay, three pulses, a temperature, a diagnosis and a prescription.</summary>
    public static Ward Sound()
    {
        var ward = new Ward();
        for (var i = 0; i < 60; i++)
        {
            var (patient, start) = ($"p{i}", i * 24.0);
            ward.Born(patient, 1940 + i, i % 2 == 0 ? "male" : "female");
            ward.Add(patient, EventKind.Encounter, start, CodeSystems.ActCode, "IMP", end: start + 48);
            for (var j = 0; j < 3; j++)
                ward.Number(patient, start + j, "8867-4", 60 + ((i * 7) + (j * 3)) % 30, "/min");
            ward.Number(patient, start + 1, "8310-5", 36.5 + (i % 10 * 0.1), "Cel");
            ward.Add(patient, EventKind.Condition, start + 2, CodeSystems.Snomed, i % 2 == 0 ? "399068003" : "77386006");
            ward.Add(patient, EventKind.MedicationOrder, start + 3, CodeSystems.RxNorm, "1191");
        }

        return ward;
    }

    public Ward Born(string patient, int? year, string? sex, int month = 3, int day = 15)
    {
        if (year is { } born)
        {
            var time = Chart.Clock.EndOfDay(new DateOnly(born, month, day));
            _records.Add((patient, _ => Event(EventKind.Birth, time, time) with { Flags = EventFlags.DateOnly }));
            if (sex is not null)
                _records.Add((patient, sink => Event(EventKind.Sex, time, time) with { Value = sink.Concept(new Coding(CodeSystems.Gender, sex)) }));
        }
        else if (sex is not null)
        {
            _records.Add((patient, sink => Event(EventKind.Sex, ClinicalTime.None, ClinicalTime.None) with { Value = sink.Concept(new Coding(CodeSystems.Gender, sex)) }));
        }

        return this;
    }

    public Ward Number(string patient, double? time, string? loinc, double number, string? unit = "1") => Add(patient, sink =>
        Event(EventKind.Observation, Hour(time), Hour(time)) with
        {
            Concept = loinc is null ? -1 : sink.Concept(new Coding(CodeSystems.Loinc, loinc)),
            Number = number,
            Unit = unit is null ? -1 : sink.Concept(new Coding(CodeSystems.Ucum, unit)),
        });

    public Ward Add(string patient, EventKind kind, double time, string system, string code, double? end = null, double? available = null) => Add(patient, sink =>
        Event(kind, Hour(time), Hour(available ?? time)) with { Concept = sink.Concept(new Coding(system, code)), End = Hour(end) });

    public Ward Add(string patient, Func<IEventSink, ClinicalEvent> make)
    {
        _records.Add((patient, make));
        return this;
    }

    /// <summary>The end of the last record was dropped, because it lay before the beginning.</summary>
    public Ward NoteItsEnd()
    {
        _noted.Add(_records.Count);
        return this;
    }

    public static ClinicalEvent Event(EventKind kind, ClinicalTime time, ClinicalTime available) =>
        new(kind, 0, 0, time, ClinicalTime.None, available, EventFlags.None, -1, double.NaN, -1, -1);

    public static ClinicalTime Hour(double? hours) => hours is { } given ? Chart.Hour(given) : ClinicalTime.None;

    public void ReadInto(IEventSink sink, CancellationToken cancel)
    {
        sink.BeginFile(FileName);
        foreach (var (i, (patient, make)) in _records.Index())
        {
            var owner = sink.DeclarePatient(Encoding.UTF8.GetBytes(patient));
            var item = make(sink) with { Patient = owner };
            if (_noted.Contains(i + 1))
                sink.Note(i + 1, RecordNote.EndsBeforeItBegins, "period.end");
            sink.Add(new SourceRecord(EventKeys.RecordKey(item.Kind, i), (ulong)i, i + 1), item);
        }
    }

    /// <summary>Imports everything.</summary>
    public ClinicalSource Open(EventDecisions? decisions = null)
    {
        var store = new EventStore(new SimulatedDisk(1), Key, new FakeTimeProvider(ImportedAt));
        store.Import(this, new ImportLimits(0), TestContext.Current.CancellationToken);
        var snapshot = store.Snapshot().With(decisions ?? EventDecisions.None);
        return new ClinicalSource(snapshot, new SiteConcepts(snapshot.Concepts, SiteMapping.Empty), Chart.Clock);
    }

    /// <summary>Imports and checks everything.</summary>
    public QualityRun Check(StudyData? study = null, EventDecisions? decisions = null, string siteRules = "quality: 1\nrules: []")
    {
        var (site, _, faults) = QualityRules.ReadSite(siteRules, BuiltInRules.Ids);
        Assert.Empty(faults);
        return QualityCheck.Of(Open(decisions), new QualityScope(study, site), _ => false, QualityCheck.ShownFindings, TestContext.Current.CancellationToken);
    }

    public static IncrementalHash Key() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, [1]);
}
