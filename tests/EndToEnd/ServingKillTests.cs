using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>
/// Kills gateway and worker, real processes, at every named point of a model's way to the shelf (docs/reference/fault-points.md): started again, they bring the model there all the same, and the log is intact.
/// </summary>
public sealed class ServingKillTests(ServingFederation fixture) : ServedLine(fixture), IClassFixture<ServingFederation>
{
    [Fact(Timeout = 300_000)]
    public async Task Model_reaches_the_shelf_when_a_process_is_killed_on_its_way()
    {
        var site = Site("cleveland");
        await EnrolClinicianAsync();
        var (model, signer) = await RegisterAsync("1.0.0");
        await PromoteAsync("1.0.0", "staging");
        await PromoteAsync("1.0.0", "production");

        await KillAsync(site, "model-arrived", () => site.Gateway!, site.StartGatewayAsync);
        await KillAsync(site, "worker-serving-ordered", () => site.Worker!, site.StartWorkerAsync);
        await KillAsync(site, "worker-model-taken-in", () => site.Worker!, site.StartWorkerAsync);

        // Allowed from nothing each time, so that the order is followed, and the files are fetched, anew.
        async Task KillAsync(LocalSite of, string point, Func<Child> victim, Func<CancellationToken, IReadOnlyDictionary<string, string>?, Task> start)
        {
            await victim().KillAsync();
            await start(Cancel, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = $"{point}#1" });
            try
            {
                await of.WorkerVerbAsync(["models", "allow", Line, "--signer", signer, "--modes", "production"], Cancel);
            }
            catch (CliException) when (victim() == of.Worker)
            {
                // The verb's answer was lost with the worker, if it was this verb that led to the point.
            }

            await victim().Ended.WaitAsync(Cancel);
            await start(Cancel, null);

            Assert.Equal(model, (await ShelfAsync(of, line => line?.Serves.Production is not null))!.Serves.Production!.Model);
            await of.WorkerVerbAsync(["models", "forbid", Line], Cancel);
            Assert.Null(OnShelf(of));
            Assert.StartsWith("intact", await of.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
        }
    }
}
