using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning;

public sealed class ReplayStatementTests : IDisposable
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");
    private readonly SigningKey _key = SigningKey.Create();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Statement_that_was_signed_is_read_as_it_was_written()
    {
        var releases = Enum.GetValues<ReplayOutcome>().Select((outcome, at) => Release(at + 1, outcome)).ToArray();

        var read = ReplayStatement.Read(Sign(releases));

        Assert.Equal(releases, read.Releases);
        Assert.Equal((SiteId.Parse("west"), s_run, _key.PublicKey.Fingerprint), (read.Site, read.Run, read.Key.Fingerprint));
    }

    [Theory]
    [InlineData("unequal", "equal")]
    [InlineData("\"site\":\"west\"", "\"site\":\"east\"")]
    [InlineData("\"format\":1", "\"format\":2")]
    [InlineData("\"unequal\"", "\"perhaps\"")]
    [InlineData("training.1", "training.2")]
    [InlineData("{\"key\"", "{\"extra\":1,\"key\"")]
    public void Statement_that_was_changed_is_refused(string from, string to)
    {
        var file = Encoding.UTF8.GetString(Sign(Release(1, ReplayOutcome.Unequal)));
        var changed = file.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(file, changed);
        Assert.Throws<FormatException>(() => ReplayStatement.Read(Encoding.UTF8.GetBytes(changed)));
    }

    [Fact]
    public void Statement_of_another_run_or_twice_of_one_step_is_refused()
    {
        Assert.Throws<FormatException>(() => ReplayStatement.Read(Sign(Release(1, ReplayOutcome.Equal), Release(1, ReplayOutcome.Unequal))));
        Assert.Throws<FormatException>(() => ReplayStatement.Read(ReplayStatement.Sign(
            SiteId.Parse("west"), RunId.Parse("fedcba9876543210"), new StudyDigest(Sha256Digest.Of([1])), [Release(1, ReplayOutcome.Equal)], _key)));
    }

    private byte[] Sign(params ReplayedRelease[] releases) => ReplayStatement.Sign(SiteId.Parse("west"), s_run, new StudyDigest(Sha256Digest.Of([1])), [.. releases], _key);

    private static ReplayedRelease Release(int round, ReplayOutcome outcome) =>
        new(new StepId(s_run, new RoundNumber(round), StepKind.Training, 1), Sha256Digest.Of([(byte)round]), outcome);
}
