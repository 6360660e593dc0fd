using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The area under the ROC curve in a subgroup of live outcomes, as a site tells it where its policy lets exact areas out: bins that all subgroups have in common tell next to nothing of the area in a small one. Of scores in
/// the 64 bins of the public grid, ties counted half, with DeLong's standard error (<see cref="CorrelatedAreas"/>); both in thousandths, so that they tell little of one row.
/// </summary>
/// <param name="Area">From 0 to 1000.</param>
/// <param name="StandardError">From 0 to 500; 0 only where DeLong's variance is.</param>
public readonly record struct SubgroupArea(int Area, int StandardError)
{
    private const int One = 1000, MostError = 500;

    /// <summary>Of each subgroup of each partition that is told and has both outcomes; null: there is none.</summary>
    /// <param name="counts">The outcomes by subgroup, as counted.</param>
    /// <param name="told">Those that are told.</param>
    public static ImmutableArray<ImmutableArray<SubgroupArea?>> Of(SubgroupCounts counts, SubgroupSums<ScoreHistogram> told)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentNullException.ThrowIfNull(told);
        return [.. told.Partitions.Select((groups, partition) => ImmutableArray.CreateRange(groups.Select((group, i) => group.Sum is null ? null : Of(counts.Groups(partition)[i]))))];
    }

    /// <summary>The logit of the area and its variance, by the rules of <see cref="CorrelatedAreas.Logit"/>.</summary>
    /// <param name="scores">The subgroup's scores, which say how many rows there are.</param>
    public SiteEstimate Logit(ScoreHistogram scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return CorrelatedAreas.Logit((double)Area / One, Math.Pow((double)StandardError / One, 2), Math.Min(scores.Negatives, scores.Positives));
    }

    /// <summary>The areas in the study's subgroups, on the logit: of a site's windows the mean by inverse variance, over sites by random effects, as windows of one site are no sites; null where none is told.</summary>
    /// <param name="sites">The windows of each site.</param>
    public static ImmutableArray<ImmutableArray<Estimate?>>? Combined(IEnumerable<IEnumerable<MonitoredWindow>> sites)
    {
        var told = sites.Select(windows => windows.Select(window => window.Outcomes).OfType<MonitoredOutcomes>().Where(outcomes => outcomes is { Areas: not null, Subgroups: not null }).ToList()).Where(outcomes => outcomes.Count > 0).ToList();
        if (told.Count == 0)
            return null;
        return [.. told[0][0].Areas!.Value.Select((groups, partition) => ImmutableArray.CreateRange(groups.Select((_, group) => Mean([.. told.Select(site => OfSite(site, partition, group)).OfType<SiteEstimate>()]))))];

        static SiteEstimate? OfSite(List<MonitoredOutcomes> windows, int partition, int group)
        {
            var logits = windows.Where(one => one.Areas!.Value[partition][group] is not null).Select(one => one.Areas!.Value[partition][group]!.Value.Logit(one.Subgroups!.Partitions[partition][group].Sum!)).ToList();
            var weight = logits.Sum(logit => 1 / logit.Variance);
            return logits.Count == 0 ? null : new SiteEstimate(logits.Sum(logit => logit.Value / logit.Variance) / weight, 1 / weight);
        }

        static Estimate? Mean(List<SiteEstimate> logits) => logits.Count == 0 ? null : RandomEffects.Of(logits).Mean is var mean ? new Estimate(Share(mean.Value), Share(mean.Low), Share(mean.High)) : null;

        static double Share(double logit) => 1 / (1 + Math.Exp(-logit));
    }

    internal static JsonArray ToJson(ImmutableArray<ImmutableArray<SubgroupArea?>> areas) => new([.. areas.Select(groups => new JsonArray([.. groups.Select(area => area is { } told ? new JsonArray(told.Area, told.StandardError) : null)]))]);

    internal static ImmutableArray<ImmutableArray<SubgroupArea?>> Read(JsonFields fields, string name, SubgroupSums<ScoreHistogram>? told)
    {
        var sizes = told?.Partitions ?? [];
        var read = fields.List(name, sizes.Length, (node, path) => node is JsonArray list ? ImmutableArray.CreateRange(list.Select((area, i) => One(area, $"{path}[{i}]"))) : throw new FormatException($"{path} must be a list."));
        if (read.Length != sizes.Length || read.Zip(sizes).Any(pair => pair.First.Length != pair.Second.Length || pair.First.Zip(pair.Second).Any(group => group.First is not null && group.Second.Sum is not { Negatives: >= CorrelatedAreas.LeastRows, Positives: >= CorrelatedAreas.LeastRows })))
            fields.Fail(name, "be of told subgroups with both outcomes");
        return [.. read];

        static SubgroupArea? One(JsonNode? node, string path) => node switch
        {
            null => null,
            JsonArray { Count: 2 } pair => new SubgroupArea((int)JsonFields.Integer(pair[0], $"{path}[0]", 0, SubgroupArea.One), (int)JsonFields.Integer(pair[1], $"{path}[1]", 0, MostError)),
            _ => throw new FormatException($"{path} must be an area and its standard error, in thousandths, or null."),
        };
    }

    private static SubgroupArea? Of(ScoreHistogram scores)
    {
        var (bins, labels) = (new List<double>(), new List<bool>());
        foreach (var bin in scores.Bins)
        {
            bins.AddRange(Enumerable.Repeat((double)bin.From, checked((int)bin.Count)));
            labels.AddRange(Enumerable.Range(0, (int)bin.Count).Select(row => row < bin.Positives));
        }

        if (CorrelatedAreas.Of([[.. bins]], labels.ToArray()) is not { } areas)
            return null;
        var error = areas.Covariance(0, 0) is var variance and > 0 ? Math.Max(1, (int)Math.Round(One * Math.Sqrt(variance), MidpointRounding.ToEven)) : 0;
        return new SubgroupArea((int)Math.Round(One * areas.Areas[0], MidpointRounding.ToEven), Math.Min(MostError, error));
    }
}
