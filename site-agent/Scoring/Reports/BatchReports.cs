using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// What batches left for the program to count, <c>batches/DAY.ID.VERSION.json</c>: the report of what one version did in one batch. It is added to the day's report exactly once, whenever the program is
/// killed: the sum is durable beside it (<c>.sum</c>) before the day's report is written, and that can be done again until the batch's own is gone.
/// </summary>
/// <param name="own">The program's own folder.</param>
/// <param name="serving">The folder that is shared with the worker.</param>
internal sealed class BatchReports(IDisk own, IDisk serving)
{
    public const string Folder = "batches";
    private const string Suffix = ".json", SumSuffix = ".sum";

    /// <summary>Where a batch leaves the report of a version.</summary>
    public static string PathOf(DateOnly day, string id, ModelVersion version) => $"{Folder}/{PredictionLog.NameOf(day)}.{id}.{version}{Suffix}";

    /// <summary>Makes the folder, and ends what an earlier process has begun; before anything is counted.</summary>
    public void Prepare()
    {
        own.CreateDirectory(Folder);
        foreach (var name in own.List(Folder).Where(name => name.EndsWith(SumSuffix, StringComparison.Ordinal)))
        {
            var batch = name[..^SumSuffix.Length];
            if (own.Exists($"{Folder}/{batch}{Suffix}"))
                Finish(batch, DurableFile.Read(own, $"{Folder}/{name}", DayReport.MaximumLength));
            else
                Forget(batch);
        }
    }

    /// <summary>The batches' reports that wait, without their suffix. Of a batch that is in no log, and of which nothing is being written, they are removed.</summary>
    public IReadOnlyList<string> Waiting()
    {
        var waiting = new List<string>();
        foreach (var batch in own.List(Folder).Where(name => name.EndsWith(Suffix, StringComparison.Ordinal)).Select(name => name[..^Suffix.Length]))
        {
            if (own.Exists(LogOf(batch) + DurableFile.TemporarySuffix)) // asked first: from this name it goes to the other
                continue;
            if (own.Exists(LogOf(batch)))
                waiting.Add(batch);
            else
                Forget(batch);
        }

        return waiting;
    }

    /// <summary>Reads one.</summary>
    /// <returns>Its line and model, and its bytes.</returns>
    /// <exception cref="FormatException">It is no report.</exception>
    public (string Line, Sha256Digest Model, byte[] Json) Read(string batch)
    {
        var json = DurableFile.Read(own, $"{Folder}/{batch}{Suffix}", DayReport.MaximumLength);
        var head = Head(json);
        return (head.Line, head.Model, json);
    }

    /// <summary>Says what the day's report is with it; from here on it is counted.</summary>
    public void Begin(string batch, byte[] sum) => DurableFile.Write(own, $"{Folder}/{batch}{SumSuffix}", sum);

    /// <summary>Writes the day's report, and removes what was counted.</summary>
    public void Finish(string batch, byte[] sum)
    {
        var (line, version, day, _) = Head(sum);
        var path = ServingPaths.Report(line, version, day);
        serving.CreateDirectory(DiskPath.Directory(path));
        DurableFile.Write(serving, path, sum);
        Forget(batch);
    }

    /// <summary>Removes what is counted, or cannot be. The sum goes last, and alone it means nothing.</summary>
    public void Forget(string batch)
    {
        foreach (var suffix in new[] { Suffix, SumSuffix })
        {
            own.Delete($"{Folder}/{batch}{suffix}");
            own.SyncDirectory(Folder);
        }
    }

    private static string LogOf(string batch) => $"{PredictionLog.Predictions}/{string.Join('.', batch.Split('.')[..2])}.log";

    private static (string Line, ModelVersion Version, DateOnly Day, Sha256Digest Model) Head(byte[] json)
    {
        var fields = CanonicalJson.Read(json) as JsonObject;
        return ModelVersion.TryParse(Text("version"), out var version) && Sha256Digest.TryParse(Text("model"), out var model) && CalendarDay.TryParse(Text("day"), out var day)
            ? (Text("line"), version, day, model) : throw new FormatException("What a batch left in 'batches' is no report of a version.");

        string Text(string name) => fields?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
    }
}
