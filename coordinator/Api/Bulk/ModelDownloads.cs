using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary><c>GET /v1/models/{digest}/{file}</c>, whole or from a byte on: what a site needs to score with a model (<see cref="ModelEntry.Served"/>), of models that an order names now; never parameters or rounds.</summary>
public sealed class ModelDownloads(ServingOrders orders, ModelRegistry models)
{
    /// <summary>Sends the file.</summary>
    public async Task GetAsync(HttpContext context, string digest, string name)
    {
        if (!Sha256Digest.TryParse(digest, out var model) || !orders.Names(model)
            || models.Find(model) is not { } entry || !entry.Served.Contains(name) || (name != ModelFileNames.Manifest && entry.File(name) is null))
        {
            await FaultWriter.WriteAsync(context, Fault.ModelUnknown);
            return;
        }

        using var file = models.Open(model, name);
        await RangedFile.SendAsync(context, file, $"The file {name} of the model {model}");
    }
}
