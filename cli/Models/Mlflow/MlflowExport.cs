using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Models.Mlflow;

/// <summary>What a tracking server is told of a registered model: made of its verified entry, and of the evaluations that its records name.</summary>
/// <param name="Name">Name of the run there.</param>
/// <param name="Line">Name of the registered model there: the study's.</param>
/// <param name="Description">The study's purpose.</param>
/// <param name="Begun">When the first step ended.</param>
/// <param name="Ended">When the last one did.</param>
/// <param name="Parameters">What the study declares of model, training, federation, privacy and evaluation; defaults filled in.</param>
/// <param name="Metrics">Of each evaluated round, pooled from sums; of each site at the end where the sites tell them.</param>
/// <param name="Tags">Digests, version, and who has signed it.</param>
internal sealed record MlflowExport(
    string Name, string Line, string Description, DateTimeOffset Begun, DateTimeOffset Ended, ImmutableArray<KeyValuePair<string, string>> Parameters, ImmutableArray<MlflowMetric> Metrics,
    ImmutableArray<KeyValuePair<string, string>> Tags)
{
    /// <summary>The tag by which a run of the server is known to be a model's.</summary>
    public const string ModelTag = "fcml.model";

    private static readonly string[] s_sections = ["model", "training", "federation", "privacy", "evaluation"];

    /// <summary>Makes it of an entry that holds.</summary>
    /// <param name="check">The entry, checked.</param>
    /// <param name="entry">Its folder.</param>
    /// <param name="version">Its version and stage; null: it has none, or nobody was asked.</param>
    /// <param name="evaluation">Reads an evaluation by its digest, held against it.</param>
    /// <param name="cancel">Ends the reading.</param>
    public static async Task<MlflowExport> OfAsync(
        ModelCheck check, string entry, (ModelVersion Version, string Stage)? version, Func<Sha256Digest, CancellationToken, Task<byte[]>> evaluation, CancellationToken cancel)
    {
        var facts = ModelFacts.Of(check, new FileDisk(entry));
        var steps = check.Rounds.SelectMany(round => round.Committed).ToList();
        var metrics = ImmutableArray.CreateBuilder<MlflowMetric>();
        foreach (var step in steps)
        {
            if (step.Id.Kind == StepKind.Training)
                metrics.Add(new MlflowMetric("sites", step.Participants.Length, step.Ended, step.Id.Round.Value));
            if (step.Id.Kind == StepKind.Evaluation)
                metrics.AddRange(Numbers("", RunView.JsonOf(EvaluationReport.Read(await evaluation(step.Result!.Value, cancel))), step));
        }

        if (facts.Sites is { } sites && steps.FindLast(step => step.Id.Kind == StepKind.SiteMetrics) is { } told)
            metrics.AddRange(sites.Sites.SelectMany(site => Numbers($"site.{site.Site}.", site.Report.Errors is { } errors ? RegressionMetrics.Of(errors).ToJson() : site.Report.Metrics?.ToJson() ?? [], told)));
        var (found, study) = (facts.Entry, facts.Study);
        return new MlflowExport(
            $"{study.Name} {found.Run}", study.Name, study.Purpose, steps[0].Ended, steps[^1].Ended, [.. Declared(study)], metrics.ToImmutable(),
            [
                new(ModelTag, found.Digest.ToString()), new("fcml.study", found.Study.ToString()), new("fcml.run", found.Run.Value), new("fcml.parameters", found.Parameters.ToString()),
                new("fcml.signer", check.Key!.Fingerprint.ToString()), new("fcml.software", found.Software), new("mlflow.note.content", $"{study.Title}. {study.Purpose}"),
                .. version is { } known ? new KeyValuePair<string, string>[] { new("fcml.version", known.Version.ToString()), new("fcml.stage", known.Stage) } : [],
            ]);
    }

    private static IEnumerable<MlflowMetric> Numbers(string prefix, JsonObject metrics, RecordedStep step) =>
        from metric in metrics
        where metric.Value is not null // undefined on these rows
        select new MlflowMetric(prefix + metric.Key, metric.Value.GetValueKind() == System.Text.Json.JsonValueKind.Number ? double.Parse(metric.Value.ToJsonString(), CultureInfo.InvariantCulture) : throw new InvalidOperationException($"{metric.Key} is no number."), step.Ended, step.Id.Round.Value);

    private static IEnumerable<KeyValuePair<string, string>> Declared(Study study)
    {
        var canonical = (JsonObject)CanonicalJson.Read(study.Canonical.Span)!;
        yield return new("data.features", string.Join(", ", study.Data.Features.Select(feature => feature.Name)));
        yield return new("data.label", study.Data.Label.Name);
        if (study.Data.Label.Number is { } number)
            yield return new("data.label.unit", number.Unit);
        yield return new("data.dataset", study.Data.Dataset.ToString());
        foreach (var section in s_sections)
        {
            foreach (var declared in Leaves(section, canonical[section]))
                yield return declared;
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Leaves(string path, JsonNode? node) => node switch
    {
        null => [],
        JsonObject fields => fields.SelectMany(field => Leaves($"{path}.{field.Key}", field.Value)),
        _ => [new(path, node.GetValueKind() == System.Text.Json.JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString())],
    };
}
