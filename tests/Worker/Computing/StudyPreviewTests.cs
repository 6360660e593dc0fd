using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Policies;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Computing;

public sealed class StudyPreviewTests : IDisposable
{
    private readonly Patients _patients = new(training: 20, negatives: 6, positives: 6);
    private readonly Site _site;

    public StudyPreviewTests() => _site = new Site(computer: _patients.Computer());

    public void Dispose()
    {
        _site.Dispose();
        _patients.Dispose();
    }

    [Fact]
    public void Preview_writes_neither_to_the_log_nor_to_the_outgoing_folder()
    {
        _site.Core.Offer(Site.OfferOf(Patients.OpenStudy));
        var (log, ours, exchange) = (_site.LogFile, _site.Disk.Operations, _site.Exchange.Operations);

        Assert.NotEmpty(Preview(Patients.OpenStudy).Releases);

        Assert.Equal((ours, exchange), (_site.Disk.Operations, _site.Exchange.Operations));
        Assert.Equal(log, _site.LogFile);
        Assert.Empty(_site.Outgoing);
    }

    [Fact]
    public void Preview_shows_the_counts_and_every_step_that_would_leave()
    {
        var reply = Preview(Patients.OpenStudy);

        Assert.Equal(["nothing (counts for the steward only)", "profile, where the consortium asks for one", "preparation", "training", "evaluation"], reply.Releases.Select(release => release.Kind));
        Assert.Contains("Training 20 (10 positive), test 12 (6 positive).", reply.Releases[0].Content, StringComparison.Ordinal);
        Assert.Contains("fixed32, 2 values from", reply.Releases[3].Content, StringComparison.Ordinal);
        Assert.Contains("weight 20", reply.Releases[3].Content, StringComparison.Ordinal);
        Assert.All(reply.Checks, check => Assert.True(check.Passed, check.Sentence));
    }

    [Fact]
    public void Preview_of_a_preparation_is_what_leaves_to_the_byte()
    {
        _site.Approve(Patients.OpenStudy);

        var previewed = Preview(Patients.OpenStudy).Releases.Single(release => release.Kind == "preparation");

        var file = _site.FileOf(_site.Release(Patients.Order(_site, Kind.Preparation)));
        Assert.EndsWith(previewed.Content, System.Text.Encoding.UTF8.GetString(file), StringComparison.Ordinal);
        Assert.Equal(previewed.Content.Length, (int)previewed.Length);
    }

    [Fact]
    public void Preview_leaves_out_whoever_opted_out()
    {
        _site.Core.SetExclusions(["patient-0", "patient-25"], "grace");
        _site.Policy = PolicyText.With("minimum-training-rows", "19");

        Assert.Contains("2 opted out", Preview(Patients.Study).Releases[0].Content, StringComparison.Ordinal);
    }

    [Fact]
    public void Preview_names_faulty_rows_and_lines_by_number_and_shows_no_value_of_a_row()
    {
        _patients.Rows[4] = "patient-4,fortyfour,1,train";
        _patients.Rows.Add("patient-99,fortyfive");
        _patients.Write();

        var counts = Preview(Patients.Study).Releases[0].Content;

        Assert.Contains("row 5, column age", counts, StringComparison.Ordinal);
        Assert.Contains("line 34: the line is not a row of this table", counts, StringComparison.Ordinal);
        Assert.DoesNotContain("forty", counts, StringComparison.Ordinal);
        Assert.DoesNotContain("patient-", counts, StringComparison.Ordinal);
    }

    [Fact]
    public void Preview_beyond_the_policy_names_the_rule_and_computes_nothing()
    {
        _site.Policy = PolicyText.With("minimum-training-rows", "21");

        var reply = Preview(Patients.Study);

        Assert.Single(reply.Releases);
        Assert.Contains(reply.Checks, check => check is { Rule: "minimum-training-rows", Passed: false });
    }

    [Fact]
    public void Preview_under_a_policy_with_faults_names_them_and_reads_nothing()
    {
        _site.Policy += "more: 1\n";
        File.Delete(_patients.File);

        var reply = Preview(Patients.Study);

        Assert.Empty(reply.Releases);
        Assert.Contains(reply.Checks, check => check is { Rule: "policy", Passed: false });
    }

    [Fact]
    public void Preview_without_the_data_says_what_is_missing()
    {
        File.Delete(_patients.File);

        Assert.Equal(Reason.DatasetMissing, Assert.Throws<StepDeclinedException>(() => Preview(Patients.Study)).Reason);
    }

    private PreviewReply Preview(Study study) => new StudyPreview(_site.Core, _patients.Cache(), new FakeTrainer(), Site.Name).Of(study);
}
