using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Training;

/// <summary>Made-up patients, networks, and their gradients computed in double, one patient at a time, from the chain rule alone.</summary>
internal static class PatientData
{
    private static readonly float[] s_extremes = [0, 1e-20f, -1e-3f, 0.5f, -1, 3, -200, 1 << 10, -(1 << 19), 1 << 20];

    public static ModelPlan Plan(DeterministicRandom random, Activation activation) =>
        ModelPlan.Network(1 + random.NextInt(20), [.. Enumerable.Range(0, random.NextInt(3)).Select(_ => 1 + random.NextInt(40))], activation, 0, random.NextInt(1000));

    /// <summary>Patients with the given numbers of rows, their values ordinary or extreme; some rows are the one before with the other label, so that the two nearly cancel.</summary>
    public static TrainingSet Set(DeterministicRandom random, int width, IReadOnlyList<int> rowsOf, bool extreme)
    {
        var patients = rowsOf.SelectMany((rows, patient) => Enumerable.Repeat(patient, rows)).ToArray();
        var (inputs, labels) = (new float[patients.Length * width], new float[patients.Length]);
        for (var row = 0; row < labels.Length; row++)
        {
            labels[row] = random.NextInt(2);
            var twin = extreme && row > 0 && random.NextInt(4) == 0;
            if (twin)
                labels[row] = 1 - labels[row - 1];
            for (var i = row * width; i < (row + 1) * width; i++)
                inputs[i] = twin ? inputs[i - width] : extreme ? s_extremes[random.NextInt(s_extremes.Length)] * (0.5f + random.NextSingle()) : (2 * random.NextSingle()) - 1;
        }

        return new TrainingSet(inputs, labels, width, PatientRows.Grouped(patients, rowsOf.Count));
    }

    /// <summary>The same set with one patient's rows emptied: its place remains.</summary>
    public static TrainingSet Without(TrainingSet set, int left)
    {
        var kept = Enumerable.Range(0, set.Patients.Count).Where(patient => patient != left)
            .SelectMany(patient => set.Patients.Of(patient).ToArray().Select(row => (Patient: patient, Row: row))).ToArray();
        return new TrainingSet(
            [.. kept.SelectMany(item => set.Inputs[(item.Row * set.Width)..((item.Row + 1) * set.Width)])], [.. kept.Select(item => set.Labels[item.Row])],
            set.Width, PatientRows.Grouped([.. kept.Select(item => item.Patient)], set.Patients.Count));
    }

    /// <summary>The gradient of the mean loss over some rows, [dimension].</summary>
    public static double[] Gradient(ModelPlan plan, ReadOnlySpan<float> parameters, TrainingSet set, ReadOnlySpan<int> rows)
    {
        var gradient = new double[plan.Layout.Dimension];
        foreach (var row in rows)
        {
            var activations = new List<double[]> { Array.ConvertAll(set.Inputs[(row * set.Width)..((row + 1) * set.Width)], value => (double)value) };
            foreach (var layer in plan.Layers)
            {
                var outputs = new double[layer.Outputs];
                for (var o = 0; o < outputs.Length; o++)
                {
                    outputs[o] = parameters[layer.Bias.Offset + o];
                    for (var i = 0; i < layer.Inputs; i++)
                        outputs[o] += parameters[layer.Weight.Offset + (o * layer.Inputs) + i] * activations[^1][i];
                    if (layer != plan.Layers[^1])
                        outputs[o] = plan.Activation == Activation.Relu ? Math.Max(0, outputs[o]) : Math.Tanh(outputs[o]);
                }

                activations.Add(outputs);
            }

            double[] derivatives = [((1 / (1 + Math.Exp(-activations[^1][0]))) - set.Labels[row]) / rows.Length];
            for (var l = plan.Layers.Length - 1; l >= 0; l--)
            {
                var (layer, inputs) = (plan.Layers[l], activations[l]);
                var before = new double[layer.Inputs];
                for (var o = 0; o < layer.Outputs; o++)
                {
                    gradient[layer.Bias.Offset + o] += derivatives[o];
                    for (var i = 0; i < layer.Inputs; i++)
                    {
                        gradient[layer.Weight.Offset + (o * layer.Inputs) + i] += derivatives[o] * inputs[i];
                        before[i] += derivatives[o] * parameters[layer.Weight.Offset + (o * layer.Inputs) + i];
                    }
                }

                for (var i = 0; i < before.Length; i++)
                    before[i] *= plan.Activation == Activation.Relu ? (inputs[i] > 0 ? 1 : 0) : 1 - (inputs[i] * inputs[i]);
                derivatives = before;
            }
        }

        return gradient;
    }

    public static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));
}
