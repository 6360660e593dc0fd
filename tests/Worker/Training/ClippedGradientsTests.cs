using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Training;

/// <summary>The sum before noise, held against gradients in double and against what one patient may change.</summary>
public sealed class ClippedGradientsTests
{
    private static readonly Gen<(int Seed, Activation Activation, int[] RowsOf)> s_case =
        Gen.Select(Gen.Int[0, 1 << 30], Gen.Enum<Activation>(), Gen.Int[0, 7].Array[1, 12]);

    [Fact]
    public void Ghost_norm_is_the_norm_of_the_explicit_gradient() => s_case.Sample((seed, activation, rowsOf) =>
    {
        var random = DeterministicRandom.Of("ghost", $"{seed}");
        var plan = PatientData.Plan(random, activation);
        var set = PatientData.Set(random, plan.InputWidth, rowsOf, extreme: false);
        var parameters = plan.InitialParameters();
        var network = new DenseNetwork(plan, Math.Max(1, set.Rows));
        network.Load(parameters);
        for (var patient = 0; patient < rowsOf.Length; patient++)
        {
            foreach (var row in set.Patients.Of(patient))
                network.Add(set.Inputs.AsSpan(row * set.Width, set.Width), set.Labels[row], 1f / rowsOf[patient]);
        }

        network.Run();
        for (var (patient, first) = (0, 0); patient < rowsOf.Length; first += rowsOf[patient++])
        {
            var norm = GhostNorm.Of(network, first, rowsOf[patient]);
            var exact = PatientData.Norm(PatientData.Gradient(plan, parameters, set, set.Patients.Of(patient)));
            Assert.True(norm.Squared <= (exact * exact) + (1e-4 * norm.Terms * norm.Terms) + 1e-9, $"{norm} is far above {exact}");
            Assert.True(norm.Squared >= exact * exact * (1 - 1e-5), $"{norm} is below {exact}");
            Assert.True(norm.Terms >= exact * (1 - 1e-6) && (rowsOf[patient] != 1 || norm.Terms <= (exact * 1.001) + 1e-5), $"{norm} and {exact}");
        }
    });

    [Fact]
    public void Sum_is_that_of_clipped_gradients() => Gen.Select(s_case, Gen.Int[1, 9], Gen.Double[-6, 3]).Sample((of, rowsPerPatient, logNorm) =>
    {
        var random = DeterministicRandom.Of("sum", $"{of.Seed}");
        var plan = PatientData.Plan(random, of.Activation);
        var set = PatientData.Set(random, plan.InputWidth, of.RowsOf, extreme: false);
        var (parameters, norm) = (plan.InitialParameters(), (float)Math.Pow(2, logNorm));
        var (codes, counts) = Sum(plan, set, rowsPerPatient, parameters, norm, CodesPerUnit);
        var cancellation = ClippedSum.OfPatients(codes.Length, rowsPerPatient).Cancellation;
        var exact = new double[codes.Length];
        var (certainly, perhaps, allowed) = (0, 0, Math.Sqrt(codes.Length) / CodesPerUnit);
        for (var patient = 0; patient < of.RowsOf.Length; patient++)
        {
            var rows = set.Patients.Of(patient)[..Math.Min(of.RowsOf[patient], rowsPerPatient)];
            if (rows.IsEmpty)
                continue;
            var gradient = PatientData.Gradient(plan, parameters, set, rows);
            var length = PatientData.Norm(gradient);
            var terms = rows.ToArray().Sum(row => PatientData.Norm(PatientData.Gradient(plan, parameters, set, [row]))) / rows.Length;
            var factor = Math.Min(norm / length, cancellation * norm / terms); // the latter where a patient's rows nearly cancel
            (certainly, perhaps) = (certainly + (factor < 0.99 ? 1 : 0), perhaps + (factor < 1.01 ? 1 : 0));
            for (var i = 0; i < exact.Length; i++)
                exact[i] += Math.Min(1, factor) * gradient[i];
            // What ClippedSum allows for rounding, and that of activations; what a ghost norm is above the norm by, which grows where rows cancel.
            allowed += norm * (2e-3 + (4e-5 * Math.Pow(Math.Min(terms / length, cancellation), 2)));
        }

        Assert.InRange(PatientData.Norm(codes.Zip(exact, (code, value) => (code / CodesPerUnit) - value)), 0, allowed);
        Assert.InRange(counts.Clipped, certainly, perhaps);
        Assert.Equal(of.RowsOf.Length, counts.Clipped + counts.Unclipped + counts.WithoutRows);
    });

    [Fact]
    public void Patient_moves_the_codes_by_no_more_than_the_sensitivity()
    {
        var nearest = 0.0;
        Gen.Select(s_case, Gen.Select(Gen.Int[1, 9], Gen.Bool), Gen.Double[-8, 4], Gen.Double[-1, 36]).Sample((of, shape, logNorm, logCodes) =>
        {
            var random = DeterministicRandom.Of("neighbours", $"{of.Seed}");
            var plan = PatientData.Plan(random, of.Activation);
            var set = PatientData.Set(random, plan.InputWidth, of.RowsOf, shape.Item2);
            var parameters = plan.InitialParameters();
            if (random.NextInt(2) == 0) // parameters that somebody chose
                parameters = Array.ConvertAll(parameters, value => value * 1000);
            var (norm, codesPerUnit) = ((float)Math.Pow(2, logNorm), Math.Pow(2, logCodes));
            var how = ClippedSum.OfPatients(plan.Layout.Dimension, shape.Item1);
            var sensitivity = how.Sensitivity(norm, codesPerUnit);
            var (all, _) = Sum(plan, set, shape.Item1, parameters, norm, codesPerUnit);
            for (var left = 0; left < of.RowsOf.Length; left++)
            {
                var (without, _) = Sum(plan, PatientData.Without(set, left), shape.Item1, parameters, norm, codesPerUnit);
                var squared = all.Zip(without, (one, other) => (BigInteger)one - other).Aggregate(BigInteger.Zero, (total, x) => total + (x * x));
                Assert.True(Rational.Of(squared) <= sensitivity * sensitivity, $"patient {left} moved the codes by the root of {squared}; stated is {sensitivity.ToDouble()}");
                nearest = Math.Max(nearest, Math.Sqrt((double)squared) / sensitivity.ToDouble());
            }

            Assert.All(all, code => Assert.True(Math.Abs(code) <= how.GreatestCode(norm, codesPerUnit, of.RowsOf.Length)));
        }, iter: 600, threads: 1);
        Assert.InRange(nearest, 0.97, 1); // the hunt came near
    }

    // The finest grid: a bit of anybody else's term would show.
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e30f)]
    [InlineData(2e6f)]
    public void Patient_that_is_not_finite_adds_nothing_and_changes_nobody_elses_term(float value)
    {
        var random = DeterministicRandom.Of("not finite");
        var plan = ModelPlan.Network(13, [33], Activation.Relu, 0, 1);
        var set = PatientData.Set(random, 13, [.. Enumerable.Range(0, 300).Select(patient => patient % 5)], extreme: false);
        for (var left = 3; left < 300; left += 65)
        {
            var bad = set with { Inputs = [.. set.Inputs] };
            bad.Inputs[(set.Patients.Of(left)[^1] * 13) + 4] = value;
            var (with, counts) = Sum(plan, bad, 4, plan.InitialParameters(), 1, 1L << 38);
            var (without, _) = Sum(plan, PatientData.Without(set, left), 4, plan.InitialParameters(), 1, 1L << 38);
            Assert.Equal(1, counts.NotFinite);
            Assert.Equal(without, with);
        }
    }

    [Fact]
    public void Parameters_that_are_not_finite_leave_everybody_out()
    {
        var plan = ModelPlan.Network(3, [4], Activation.Relu, 0, 1);
        var set = PatientData.Set(DeterministicRandom.Of("parameters"), 3, [1, 2, 3], extreme: false);
        var parameters = plan.InitialParameters();
        parameters[0] = float.NaN;
        var (codes, counts) = Sum(plan, set, 3, parameters, 1, CodesPerUnit);
        Assert.Equal(3, counts.NotFinite);
        Assert.All(codes, code => Assert.Equal(0, code));
    }

    [Fact]
    public void Patient_with_more_rows_shows_each_of_them_in_turn()
    {
        var plan = ModelPlan.Network(5, [], Activation.Relu, 0, 1);
        var parameters = plan.InitialParameters();
        var set = PatientData.Set(DeterministicRandom.Of("turns"), 5, [5], extreme: false);
        var gradients = new ClippedGradients(plan, ClippedSum.OfPatients(6, 2), 2);
        var shown = new double[6];
        var codes = new long[6];
        for (var step = 0; step < 5; step++)
        {
            gradients.Sum(set, [0], step, parameters, 1000, CodesPerUnit, codes);
            for (var i = 0; i < shown.Length; i++)
                shown[i] += codes[i] / CodesPerUnit / 5;
        }

        var all = PatientData.Gradient(plan, parameters, set, set.Patients.Of(0));
        Assert.All(all.Zip(shown), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void Way_of_adding_costs_little()
    {
        for (var rows = 1; rows <= 256; rows++)
            Assert.InRange(ClippedSum.OfPatients(1, rows).Sensitivity(1, 1L << 40).ToDouble() / (1L << 40), 1, 1.017);
    }

    private const double CodesPerUnit = 1L << 32;

    private static (long[] Codes, PrivateCounts Counts) Sum(ModelPlan plan, TrainingSet set, int rowsPerPatient, float[] parameters, float norm, double codesPerUnit)
    {
        var gradients = new ClippedGradients(plan, ClippedSum.OfPatients(plan.Layout.Dimension, rowsPerPatient), rowsPerPatient);
        var codes = new long[plan.Layout.Dimension];
        var counts = gradients.Sum(set, [.. Enumerable.Range(0, set.Patients.Count)], 0, parameters, norm, codesPerUnit, codes);
        return (codes, counts);
    }
}
