using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Studies;

public sealed class SubmissionTests
{
    [Fact]
    public async Task Study_whose_model_could_not_be_written_as_onnx_is_refused_before_any_run_of_it()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        using var researcher = await Person.EnrolAsync(coordinator, Roles.Researcher, "rosa");
        var study = StudyChecker.CheckYaml("""
            protocol: 1
            name: clash
            title: A column with the name of an output
            purpose: Is refused
            ethics: No data
            data:
              dataset: small
              features: [{name: logit, range: [0, 1], missing: mean}]
              label: {name: ill, above: 0}
              split: {test: 0.3, seed: 1}
            model: {kind: logistic-regression}
            training: {optimizer: sgd, learning-rate: 0.1, batch-size: 16, local-epochs: 1, seed: 1}
            federation: {rounds: 1, sites: [north], quorum: 1, aggregation: plain}
            """).Study!;

        Assert.Equal("STUDY_INVALID", await Person.FaultOfAsync(() => researcher.SubmitAsync(study)));
    }
}
