using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>The card of a model as the file that <c>fcml models card</c> writes: it needs nothing else, and is for keeping.</summary>
internal static class ModelCards
{
    public static Task GetAsync(HttpContext context, string model, ModelRegistry models, ModelDocuments documents)
    {
        if (!Sha256Digest.TryParse(model, out var digest) || models.Find(digest) is not { } entry)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var card = CardWriter.Html(documents.Card(entry));
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"card-{digest.Short}.html\"";
        return context.Response.WriteAsync(card, context.RequestAborted);
    }
}
