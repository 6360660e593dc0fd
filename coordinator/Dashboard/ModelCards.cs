using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>The card of a model as the file that <c>fcml models card</c> writes: it needs nothing else, and is for keeping.</summary>
internal static class ModelCards
{
    public static Task GetAsync(HttpContext context, string model, ModelRegistry models, ModelLines lines, CardEvidences evidences, DataFolder folder)
    {
        if (!Sha256Digest.TryParse(model, out var digest) || models.Find(digest) is not { } entry)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        models.Insist(digest, folder.Key.PublicKey); // what is kept of it would be believed
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"card-{digest.Short}.html\"";
        return context.Response.WriteAsync(CardWriter.Html(Of(entry, models, lines, evidences, folder)), context.RequestAborted);
    }

    /// <summary>The card of an entry.</summary>
    public static Card Of(ModelEntry entry, ModelRegistry models, ModelLines lines, CardEvidences evidences, DataFolder folder)
    {
        var version = lines.Of(entry.Name).Of(entry.Digest);
        var (facts, rounds) = (ModelFacts.Of(models, entry.Digest), models.Check(entry.Digest, folder.Key.PublicKey).Rounds);
        return ModelCard.Of(
            facts with { Evidence = evidences.Of(facts, rounds, version?.Version) }, rounds, folder.Key.PublicKey, version is null ? null : (version.Version, version.Stage.Word()));
    }
}
