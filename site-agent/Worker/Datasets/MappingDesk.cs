using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What a steward reviews of the site's mapping of its own codes and units. The file may be edited at any time; what it says is used once it is approved. Every
/// approved file is kept, under its digest, so that the next one is shown by what differs.
/// </summary>
/// <param name="core">For state and log.</param>
/// <param name="events">Reads the file.</param>
/// <param name="disk">Where approved files are kept.</param>
public sealed class MappingDesk(WorkerCore core, SiteEvents events, IDisk disk)
{
    /// <summary>The mapping of a dataset as its file says now.</summary>
    /// <exception cref="StewardException">The dataset is not mapped, or the file has a fault.</exception>
    public MappingReply Show(string dataset) => DataDesk.Answer(() =>
    {
        core.RequireSoundLog();
        return Reply(dataset, events.ReadMapping(dataset).Mapping);
    });

    /// <summary>Takes exactly the mapping of this digest into use.</summary>
    /// <exception cref="StewardException">The file says something else, or it cannot follow the one that was approved.</exception>
    public MappingReply Approve(MappingDecision decision) => DataDesk.Answer(() =>
    {
        ArgumentNullException.ThrowIfNull(decision);
        core.RequireSoundLog();
        var (mapping, text) = events.ReadMapping(decision.Dataset);
        if (mapping.Digest.ToString() != decision.Digest)
            throw new StewardException($"The mapping is now {mapping.Digest}, not '{decision.Digest}': its file changed, or the digest is not whole. Look at it again with 'site-worker data mapping {decision.Dataset}'.");
        if (text.Length > 0)
            DurableFile.Write(disk, PathOf(mapping.Digest), System.Text.Encoding.UTF8.GetBytes(text)); // before the entry: what the log names must be there to be compared with
        core.ApproveMapping(decision.Dataset, mapping, decision.Steward, decision.Note);
        return Reply(decision.Dataset, mapping);
    });

    private static string PathOf(Sha256Digest digest) => $"{digest}.yaml";

    private MappingReply Reply(string dataset, SiteMapping mapping)
    {
        var state = core.State;
        var isFirst = !state.Mappings.TryGetValue(dataset, out var approved);
        var inUse = state.Approves(dataset, mapping);
        var difference = inUse ? new MappingDifference([], []) : MappingDifference.Between(isFirst ? SiteMapping.Empty : Kept(approved.Digest), mapping);
        var reply = new MappingReply
        {
            Dataset = dataset,
            Version = (uint)mapping.Version,
            Digest = mapping.Digest.ToString(),
            ReviewedBy = mapping.ReviewedBy,
            InUse = inUse,
            ApprovedVersion = (uint)approved.Version,
            ApprovedDigest = isFirst ? "" : approved.Digest.ToString(),
            Sentence = inUse ? mapping.Version == 0 ? "Nothing is mapped." : "It is in use."
                : mapping.FaultAfter(isFirst ? SiteMapping.Empty.Mark : approved)
                ?? $"It is not in use, and no study reads these events until it is: 'site-worker data mapping {dataset} --approve {mapping.Digest}'.",
        };
        reply.Added.AddRange(difference.Added);
        reply.Removed.AddRange(difference.Removed);
        return reply;
    }

    // One that was lost or changed since is shown as if it had said nothing: every line of the newer one is then new.
    private SiteMapping Kept(Sha256Digest digest)
    {
        if (!disk.Exists(PathOf(digest)))
            return SiteMapping.Empty;
        var reading = SiteMappingReader.Read(System.Text.Encoding.UTF8.GetString(DurableFile.Read(disk, PathOf(digest))));
        return reading.Mapping is { } mapping && mapping.Digest == digest ? mapping : SiteMapping.Empty;
    }
}
