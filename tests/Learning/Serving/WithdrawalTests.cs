using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Serving;

public sealed class WithdrawalTests
{
    private static readonly DateTimeOffset s_at = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void Withdrawal_of_any_reason_is_read_as_it_is_written_and_fits_into_its_file() => Assert.All(Enum.GetValues<WithdrawalReason>(), reason =>
    {
        var withdrawal = new Withdrawal(new string('a', 63), Sha256Digest.Of([1]), reason, s_at);

        Assert.Equal(withdrawal, Withdrawal.Read(withdrawal.Write()));
    });

    [Theory]
    [InlineData("\"format\":1", "\"format\":2")]
    [InlineData("\"line\":\"heart\"", "\"line\":\"Heart\"")]
    [InlineData("\"reason\":\"latency\"", "\"reason\":\"Latency\"")]
    [InlineData("\"reason\":\"latency\"", "\"reason\":\"the patient of room 3\"")]
    [InlineData("T00:00:00.000Z", "T00:00:00Z")]
    [InlineData("{\"at\"", "{\"value\":0.5,\"at\"")]
    public void Withdrawal_that_says_anything_else_is_refused(string from, string to)
    {
        var written = Encoding.UTF8.GetString(new Withdrawal("heart", Sha256Digest.Of([1]), WithdrawalReason.Latency, s_at).Write());
        var changed = written.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(written, changed);
        Assert.Throws<FormatException>(() => Withdrawal.Read(Encoding.UTF8.GetBytes(changed)));
    }
}
