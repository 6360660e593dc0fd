using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A check that a steward has asked for.</summary>
/// <param name="Question">Digest of what was asked, about which rows, against which profile.</param>
/// <param name="Check">Its number.</param>
internal sealed record AskedBefore(Sha256Digest Question, int Check);

/// <summary>What is kept of a study's drift: one file of the worker's folder.</summary>
/// <param name="Run">The last run that trained here; null: none did.</param>
/// <param name="Rows">Keyed fingerprint of the rows that were looked at last before a round.</param>
/// <param name="Profile">Of the rows with which the run began; null: none did.</param>
/// <param name="Checks">How many checks were made: all of a study spend together.</param>
/// <param name="Asked">The last that stewards have asked for.</param>
internal sealed record DriftRecord(RunId? Run, Sha256Digest? Rows, TrainingProfile? Profile, int Checks, ImmutableArray<AskedBefore> Asked)
{
    /// <summary>So many questions are known again; one that is forgotten is a check more when it is asked again.</summary>
    public const int MostAsked = 256;

    private const string Folder = "drift";

    private static readonly DriftRecord s_none = new(null, null, null, 0, []);

    /// <summary>
    /// Reads it; nothing where it is of another version or damaged: an aggregate for people must not keep a site from training, and the next run makes it anew.
    /// </summary>
    public static DriftRecord Read(IDisk disk, Study study)
    {
        var path = PathOf(study);
        if (!disk.Exists(path))
            return s_none;
        try
        {
            var fields = new JsonFields(CanonicalJson.Read(DurableFile.Read(disk, path)), path);
            var hasRun = !fields.IsNull("run");
            var record = new DriftRecord(
                hasRun ? RunId.Parse(fields.Text("run", 32)) : null,
                fields.IsNull("rows") ? null : Sha256Digest.Parse(fields.Text("rows", 64)),
                fields.IsNull("profile") ? null : TrainingProfile.Read(fields.Node("profile"), fields.PathOf("profile")),
                (int)fields.Integer("checks", 0, int.MaxValue - 1),
                [.. fields.List("asked", MostAsked, (node, at) => ReadAsked(new JsonFields(node, at)))]);
            fields.End();
            return hasRun == record.Profile is not null && hasRun == record.Rows is not null ? record : s_none;
        }
        catch (FormatException)
        {
            return s_none;
        }
    }

    /// <summary>Writes it, durably.</summary>
    public void Write(IDisk disk, Study study)
    {
        disk.CreateDirectory(Folder);
        DurableFile.Write(disk, PathOf(study), CanonicalJson.Write(new JsonObject
        {
            ["run"] = Run?.Value,
            ["rows"] = Rows?.ToString(),
            ["profile"] = Profile?.ToJson(),
            ["checks"] = Checks,
            ["asked"] = new JsonArray([.. Asked.Select(asked => (JsonNode)new JsonObject { ["question"] = asked.Question.ToString(), ["check"] = asked.Check })]),
        }));
    }

    private static AskedBefore ReadAsked(JsonFields fields)
    {
        var asked = new AskedBefore(Sha256Digest.Parse(fields.Text("question", 64)), (int)fields.Integer("check", 1, int.MaxValue - 1));
        fields.End();
        return asked;
    }

    /// <summary>Removes the files of studies, durably.</summary>
    public static void Delete(IDisk disk, Func<StudyDigest, bool> which)
    {
        var gone = disk.List(Folder).Where(name => Sha256Digest.TryParse(name[..Math.Min(name.Length, 2 * Sha256Digest.Length)], out var study) && which(new StudyDigest(study))).ToList();
        foreach (var name in gone)
            disk.Delete($"{Folder}/{name}");
        if (gone.Count > 0)
            disk.SyncDirectory(Folder);
    }

    private static string PathOf(Study study) => $"{Folder}/{study.Digest}.json";
}
