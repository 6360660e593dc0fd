using System.Collections.Immutable;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A kind of fault that is planted.</summary>
/// <param name="Name">Its name in <c>planted.json</c>.</param>
/// <param name="Meaning">What it is.</param>
/// <param name="Share">Share of patients that get one.</param>
/// <param name="Plant">The patient with the fault and the name of the record that has it; null: this patient has nothing to which it could be done.</param>
internal sealed record PlantedFault(string Name, string Meaning, double Share, Func<SynthPatient, double, (SynthPatient Patient, string Record)?> Plant);

/// <summary>Plants what a quality gate is there to find. A patient may get several faults; one that is entered twice gets no other.</summary>
internal sealed class FaultPlanter(long seed, int site)
{
    /// <summary>Name of the fault by which a patient is there twice.</summary>
    public const string DuplicatePatient = "duplicate-patient";

    private const int FutureDays = 80 * 366; // both times alike, so that the lag stays
    private const double DuplicateShare = 0.03;
    private const int DuplicatesFrom = 5_000_000; // above every patient's number

    private readonly SortedDictionary<string, List<string>> _records = new(StringComparer.Ordinal);

    /// <summary>What is planted besides <see cref="DuplicatePatient"/>, in the order in which it is.</summary>
    public static ImmutableArray<PlantedFault> Kinds { get; } =
    [
        new("heart-rate-impossible", "a heart rate of 700 /min", 0.10,
            (patient, place) => Change(patient, place, HasOnly(Codes.HeartRate), item => item with { Values = [item.Values[0] with { Number = 700 }] })),
        new("temperature-impossible", "a body temperature of 370 Cel: a lost decimal point", 0.06,
            (patient, place) => Change(patient, place, HasOnly(Codes.Temperature), item => item with { Values = [item.Values[0] with { Number = 370 }] })),
        new("future-date", "an observation of the year 2090 or later", 0.05,
            (patient, place) => Change(patient, place, IsMeasured, item => item with { Time = item.Time?.AddDays(FutureDays), Available = item.Available.AddDays(FutureDays) })),
        new("dangling-encounter", "an observation of an encounter that is not there", 0.05,
            (patient, place) => Change(patient, place, IsMeasured, item => item with { Encounter = $"{patient.Id}-e999" })),
        new("time-missing", "an observation without time", 0.01,
            (patient, place) => Change(patient, place, IsMeasured, item => item with { Time = null })),
        new("code-missing", "a diagnosis without code", 0.03,
            (patient, place) => Change(patient, place, item => item.Kind == SynthKind.Condition, item => item with { Code = null })),
        new("entered-in-error", "a record that was entered in error: FHIR says so, the other formats leave it out", 0.05,
            (patient, place) => Change(patient, place, IsMeasured, item => item with { Retracted = true })),
        new("duplicate-event", "an observation twice, under two identifiers", 0.10, Repeat),
        new("sex-inconsistent", "a pregnant man, or a woman with a disease of the prostate", 0.04, Contradict),
        new("discharge-before-admission", "a visit that ends before it begins", 0.05, EndBeforeStart),
        new("age-impossible", "a birth a hundred years too early", 0.02,
            (patient, _) => patient.Birth is { } birth ? (patient with { Birth = birth.AddYears(-100) }, patient.Id) : null),
        new("birth-missing", "a patient without date of birth", 0.015, (patient, _) => (patient with { Birth = null }, patient.Id)),
        new("sex-missing", "a patient without sex", 0.05, (patient, _) => (patient with { Male = null }, patient.Id)),
    ];

    /// <summary>Names of the records that have each fault; of a duplicate patient the second one's.</summary>
    public IReadOnlyDictionary<string, List<string>> Records => _records;

    /// <summary>The patient as this hospital has it, perhaps twice.</summary>
    public IEnumerable<SynthPatient> Plant(SynthPatient patient, int number)
    {
        var draws = Draws.Of(seed, site, "faults", number);
        if (draws.Chance(DuplicateShare))
        {
            var again = Rename(patient, $"s{site}-{DuplicatesFrom + number}");
            Note(DuplicatePatient, again.Id);
            return [patient, again];
        }

        foreach (var kind in Kinds)
        {
            var (wanted, place) = (draws.Chance(kind.Share), draws.Between(0, 1));
            if (!wanted || kind.Plant(patient, place) is not { } planted)
                continue;
            patient = planted.Patient;
            Note(kind.Name, planted.Record);
        }

        return [patient];
    }

    private void Note(string fault, string record)
    {
        if (!_records.TryGetValue(fault, out var records))
            _records[fault] = records = [];
        records.Add(record);
    }

    private static bool IsMeasured(SynthEvent item) => item is { Kind: SynthKind.Measurement, Amended: false, Retracted: false, Time: not null };

    private static Func<SynthEvent, bool> HasOnly(SynthCode code) => item => IsMeasured(item) && item.Code == code;

    private static (SynthPatient Patient, string Record)? Change(SynthPatient patient, double place, Func<SynthEvent, bool> which, Func<SynthEvent, SynthEvent> change)
    {
        var found = patient.Events.Where(which).ToArray();
        if (found.Length == 0)
            return null;
        var item = found[(int)(place * found.Length)];
        return (patient with { Events = patient.Events.Replace(item, change(item)) }, item.Id);
    }

    private static (SynthPatient Patient, string Record)? Repeat(SynthPatient patient, double place)
    {
        var found = patient.Events.Where(IsMeasured).ToArray();
        return found.Length == 0 ? null : Append(patient, found[(int)(place * found.Length)]);
    }

    private static (SynthPatient Patient, string Record)? Contradict(SynthPatient patient, double place)
    {
        var known = patient.Encounters.Where(encounter => encounter.End > encounter.Start).ToArray();
        if (patient.Male is not { } male || known.Length == 0)
            return null;
        var encounter = known[(int)(place * known.Length)];
        return Append(patient, new SynthEvent(
            "", SynthKind.Condition, encounter.Id, encounter.Start.AddDays(-20), encounter.End!.Value, male ? Codes.Pregnant : Codes.ProstateCancer, []));
    }

    // Only where nothing becomes known by the encounter's end: what did would have two truths.
    private static (SynthPatient Patient, string Record)? EndBeforeStart(SynthPatient patient, double place)
    {
        var recorded = patient.Events.Where(item => item.Kind is SynthKind.Condition or SynthKind.Procedure).Select(item => item.Encounter).ToHashSet();
        var found = patient.Encounters.Where(encounter => !recorded.Contains(encounter.Id)).ToArray();
        if (found.Length == 0)
            return null;
        var wrong = found[(int)(place * found.Length)];
        return (patient with { Encounters = patient.Encounters.Replace(wrong, wrong with { End = wrong.Start.AddDays(-2) }) }, wrong.Id);
    }

    private static (SynthPatient Patient, string Record) Append(SynthPatient patient, SynthEvent item)
    {
        var id = $"{patient.Id}-r{patient.Events.Length + 1}";
        return (patient with { Events = patient.Events.Add(item with { Id = id }) }, id);
    }

    private static SynthPatient Rename(SynthPatient patient, string id)
    {
        string Named(string name) => string.Concat(id, name.AsSpan(patient.Id.Length));
        return patient with
        {
            Id = id,
            Encounters = [.. patient.Encounters.Select(encounter => encounter with { Id = Named(encounter.Id) })],
            Events = [.. patient.Events.Select(item => item with { Id = Named(item.Id), Encounter = Named(item.Encounter) })],
        };
    }
}
