using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>
/// Kills coordinator, gateway and worker, real processes, at every named point between two durable steps (docs/reference/fault-points.md), starts
/// them again, and holds the run's end against the undisturbed one: the same model to the bit, from the same participants. Plain rounds; the masked
/// ones are <see cref="MaskedKillMatrixTests"/>, the encrypted ones <see cref="EncryptedKillMatrixTests"/>. All of it with <c>FCML_KILL_MATRIX=all ./test.sh Faults</c>.
/// </summary>
public sealed class KillMatrixTests(TestFederation fixture) : IClassFixture<TestFederation>
{
    public static TheoryData<Victim, string, int> Rows => KillMatrix.Rows(
    [
        new(Victim.Coordinator, "journal-appended", 1, 2),
        new(Victim.Coordinator, "merge-written", 1, 2),
        new(Victim.Coordinator, "upload-appended", 1, 2),
        new(Victim.Coordinator, "upload-synced", 1, 2),
        new(Victim.Coordinator, "upload-durable", 1, 2),
        new(Victim.Coordinator, "model-registered", 1, 1),
        new(Victim.Gateway, "parameters-arrived", 1, 2),
        new(Victim.Gateway, "release-ticket-received", 1, 2),
        new(Victim.Gateway, "release-delivered", 1, 2),
        new(Victim.Gateway, "step-settled-received", 1, 2),
        new(Victim.Worker, "worker-computed", 1, 2),
        new(Victim.Worker, "worker-release-logged", 1, 2),
        new(Victim.Worker, "worker-release-spooled", 1, 2),
        new(Victim.Worker, "worker-settled", 1, 2),
    ]);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Run_ends_with_the_same_model_when_a_process_is_killed(Victim victim, string point, int passage)
    {
        var undisturbed = await fixture.UndisturbedAsync(fixture.Digest);

        await new KillMatrix(fixture).VisitAsync(fixture.Digest, victim, point, passage, disturbed =>
        {
            Assert.Equal(undisturbed.Parameters, disturbed.Parameters);
            Assert.Equal(KillMatrix.Outcome(undisturbed), KillMatrix.Outcome(disturbed));
            return Task.CompletedTask;
        });
    }
}
