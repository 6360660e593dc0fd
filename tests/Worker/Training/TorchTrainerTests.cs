using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Training;

public sealed class TorchTrainerTests
{
    // Arrays begin anywhere in memory. With parameters that lie in them, an AMD EPYC came to several results here: always with the branch of the kernels that it chooses by itself, and with the one that every
    // processor has in one run of the tests of ten.
    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 37, 11 })]
    public void Same_work_gives_the_same_bits_wherever_its_numbers_lie(int[] hidden)
    {
        var random = DeterministicRandom.Of("torch-trainer-tests", "bits");
        var rows = PatientData.Set(random, 13, [.. Enumerable.Repeat(1, 101)], extreme: false);
        var plan = ModelPlan.Network(13, [.. hidden], Activation.Relu, 0, 1);
        var parameters = new float[plan.Layout.Dimension];
        foreach (ref var parameter in parameters.AsSpan())
            parameter = random.NextSingle() - 0.5f;
        var work = new TrainingWork(plan, new StudyTraining(Optimizer.Sgd, 0.1, 7, 3, null, 1), rows, SampleOrders.Seeded(1, SiteId.Parse("north")), 1, 0);

        var (changes, between) = (new List<float[]>(), new List<byte[]>());
        for (var i = 0; i < 60; i++)
        {
            between.Add(new byte[random.NextInt(5000)]);
            changes.Add(new TorchTrainer().Train(work, parameters, TestContext.Current.CancellationToken));
        }

        GC.KeepAlive(between);
        Assert.Contains(changes[0], change => change != 0);
        Assert.All(changes, change => Assert.Equal(changes[0], change));
    }
}
