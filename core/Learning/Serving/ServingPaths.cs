using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>Where things are in a site's folder <c>serving/</c>: two one-way halves between worker and scoring program. Paths have forward slashes and begin below that folder.</summary>
public static class ServingPaths
{
    /// <summary>Written by the worker's account, only read by the scoring program's.</summary>
    public const string ToScoring = "to-scoring";

    /// <summary>Written by the scoring program's account, only read by the worker's.</summary>
    public const string FromScoring = "from-scoring";

    /// <summary>The shelf.</summary>
    public const string Shelf = ToScoring + "/shelf.json";

    /// <summary>The models, each in a folder that is named by its digest.</summary>
    public const string Models = ToScoring + "/models";

    /// <summary>What the scoring program has taken out of use by itself.</summary>
    public const string Withdrawn = FromScoring + "/withdrawn";

    /// <summary>A model's folder; its files are <see cref="ModelEntry.Served"/>.</summary>
    public static string Model(Sha256Digest model) => $"{Models}/{model}";

    /// <summary>A model's withdrawal.</summary>
    public static string Withdrawal(Sha256Digest model) => $"{Withdrawn}/{model}.json";

    /// <summary>The folder of what a version did, day by day.</summary>
    public static string Reports(string line, ModelVersion version) => $"{FromScoring}/reports/{line}/{version}";

    /// <summary>What a version did on a day (UTC).</summary>
    public static string Report(string line, ModelVersion version, DateOnly day) => $"{Reports(line, version)}/{CalendarDay.Text(day)}.json";
}
