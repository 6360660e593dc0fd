using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Omop;

/// <summary>The hand-written databases, of both versions, with the same rows.</summary>
internal static class OmopExports
{
    public static ClinicalClock Clock { get; } = new(TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));

    public static TheoryData<string> Versions => ["cdm53", "cdm54"];

    public static string Path(string version) => SharedData.Fixture($"Connectors/Omop/fixtures/{version}");

    public static RecordingSink Read(string folder, OmopOptions? options = null)
    {
        var sink = new RecordingSink();
        OmopSource.OpenFolder(folder, options ?? OmopOptions.None, Clock).ReadInto(sink, TestContext.Current.CancellationToken);
        return sink;
    }

    public static OmopOptions Options(params (string Table, AvailabilityRule Rule)[] availability) =>
        new(null, availability.ToImmutableDictionary(pair => pair.Table, pair => pair.Rule));

    /// <summary>The events of a row of a table.</summary>
    public static ClinicalEvent[] Row(this RecordingSink sink, string table, int line) =>
        Assert.Single(sink.Added, added => added.File == $"{table}.csv" && added.Record.Line == line).Events;

    /// <summary>The only event of a row of a table.</summary>
    public static ClinicalEvent Event(this RecordingSink sink, string table, int line) => Assert.Single(sink.Row(table, line));

    /// <summary>Codings of a concept as text.</summary>
    public static string[] Codings(this RecordingSink sink, int concept) => [.. sink.Concepts[concept].Select(coding => coding.ToString())];

    /// <summary>A local time.</summary>
    public static ClinicalTime At(string local) => Clock.Local(DateTime.Parse(local, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>End of a local day.</summary>
    public static ClinicalTime Day(string day) => Clock.EndOfDay(DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture));
}
