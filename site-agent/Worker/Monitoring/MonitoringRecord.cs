using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What this site has told of a version: <c>monitoring/&lt;line&gt;/&lt;version&gt;-&lt;model&gt;.json</c> in the worker's own folder. A part that is in it is never made again: made later, it would have other outcomes in it, and the difference
/// would be of few patients.
/// </summary>
/// <param name="Signer">The key that had signed the model when it was first told of.</param>
/// <param name="Windows">The windows, in their order.</param>
internal sealed record MonitoringRecord(Sha256Digest Signer, ImmutableArray<MonitoredWindow> Windows)
{
    private const int MostWindows = 1 << 16, LongestFile = 512 << 20;

    /// <summary>What was told of a version; null: nothing yet.</summary>
    /// <exception cref="StepDeclinedException">The file is not what was written.</exception>
    public static MonitoringRecord? Read(IDisk disk, Study study, MonitoringOrder of)
    {
        var path = PathOf(of);
        if (!disk.Exists(path))
            return null;
        try
        {
            var fields = new JsonFields(CanonicalJson.Read(DurableFile.Read(disk, path, LongestFile)), "monitoring");
            fields.Integer("format", 1, 1);
            if (fields.Text("study", 64) != study.Digest.ToString())
                throw new StepDeclinedException(Reason.StudyDigestWrong, $"The model {of.Served.Model.Short} of {of.Line} is not one of the study {study.Digest}.");
            var record = new MonitoringRecord(Sha256Digest.Parse(fields.Text("signer", 64)), [.. MonitoredWindow.ReadAll(study, fields, "windows", MostWindows)]);
            fields.End();
            return record;
        }
        catch (FormatException fault)
        {
            throw new StepDeclinedException(Reason.DataUnfit, $"{path} was changed, and nothing is told that it may have told otherwise: {fault.Message} Restore the file from a backup.");
        }
    }

    /// <summary>Writes it, durably.</summary>
    /// <exception cref="StepDeclinedException">The disk refused.</exception>
    public void Write(IDisk disk, Study study, MonitoringOrder of)
    {
        try
        {
            disk.CreateDirectory(DiskPath.Directory(PathOf(of)));
            DurableFile.Write(disk, PathOf(of), CanonicalJson.Write(new JsonObject
            {
                ["format"] = 1, ["study"] = study.Digest.ToString(), ["signer"] = Signer.ToString(), ["windows"] = new JsonArray([.. Windows.Select(window => window.ToJson(study))]),
            }));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StepDeclinedException(Reason.StorageFull, $"What is told of {of.Line} {of.Served.Version} could not be written down: {error.Message}");
        }
    }

    private static string PathOf(MonitoringOrder of) => $"monitoring/{of.Line}/{of.Served.Version}-{of.Served.Model}.json";
}
