using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning;

public sealed class ReleaseListTests : IDisposable
{
    private static readonly StepId s_step = new(RunId.Parse("0123456789abcdef"), new RoundNumber(1), StepKind.Training, 1);
    private readonly SigningKey _key = SigningKey.Create();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void List_that_was_signed_is_read_as_it_was_written()
    {
        ListedRelease[] releases = [new(s_step, Sha256Digest.Of([1]), true), new(s_step with { Attempt = 2 }, Sha256Digest.Of([2]), false)];

        var read = ReleaseList.Read(ReleaseList.Sign(SiteId.Parse("west"), 12, Sha256Digest.Of([3]), releases, _key));

        Assert.Equal(releases, read.Releases);
        Assert.Equal((SiteId.Parse("west"), 12, Sha256Digest.Of([3]), _key.PublicKey.Fingerprint), (read.Site, read.Entries, read.Head, read.Key.Fingerprint));
    }

    [Theory]
    [InlineData("\"taken\":true", "\"taken\":false")]
    [InlineData("\"taken\":true", "\"taken\":\"true\"")]
    [InlineData("\"entries\":12", "\"entries\":13")]
    [InlineData("\"site\":\"west\"", "\"site\":\"east\"")]
    [InlineData("{\"key\"", "{\"extra\":1,\"key\"")]
    public void List_that_was_changed_or_shortened_is_refused(string from, string to)
    {
        var file = Encoding.UTF8.GetString(ReleaseList.Sign(SiteId.Parse("west"), 12, Sha256Digest.Of([3]), [new ListedRelease(s_step, Sha256Digest.Of([1]), true)], _key));
        var changed = file.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(file, changed);
        Assert.Throws<FormatException>(() => ReleaseList.Read(Encoding.UTF8.GetBytes(changed)));
        Assert.Throws<FormatException>(() => ReplayStatement.Read(Encoding.UTF8.GetBytes(file))); // signed for another purpose
    }
}
