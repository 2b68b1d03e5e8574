// The least reconciler on controller-runtime that turns TrainingJobs into the Jobs that Orestes' operator makes of them: a
// suspended Job of each, started when its queue has the GPUs, and a phase in the status. It is what the operator is measured by.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// As many as the operator works on at a time.
const concurrency = 32

type reconciler struct {
	client.Client
	ledger   *ledger
	template batchv1.Job
	// Jobs that have been given their places, to be looked at again.
	granted chan event.GenericEvent
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var owner TrainingJob
	if err := r.Get(ctx, request.NamespacedName, &owner); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	resources := owner.Spec.Pretrain.Resources
	wanted := claim{name: owner.Name, queue: resources.Queue, gpus: resources.GPUs}
	var job batchv1.Job
	key := types.NamespacedName{Namespace: owner.Namespace, Name: owner.Name + "-1"}
	if err := r.Get(ctx, key, &job); apierrors.IsNotFound(err) {
		return ctrl.Result{}, r.create(ctx, &owner)
	} else if err != nil {
		return ctrl.Result{}, err
	}
	if ended(&job) {
		r.tell(r.ledger.release(wanted), owner.Namespace)
		return ctrl.Result{}, r.setPhase(ctx, &owner, "failed")
	}
	if job.Spec.Suspend == nil || !*job.Spec.Suspend {
		return ctrl.Result{}, r.setPhase(ctx, &owner, "admitted")
	}
	if !r.ledger.ask(wanted) {
		return ctrl.Result{}, nil
	}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"suspend":false}}`))
	return ctrl.Result{}, r.Patch(ctx, &job, patch)
}

func (r *reconciler) create(ctx context.Context, owner *TrainingJob) error {
	job := r.template.DeepCopy()
	job.Name, job.Namespace = owner.Name+"-1", owner.Namespace
	job.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, group.WithKind("TrainingJob"))}
	for _, labels := range []map[string]string{job.Labels, job.Spec.Template.Labels} {
		labels["orestes.dev/training-job"] = owner.Name
	}
	gpus := *resource.NewQuantity(int64(owner.Spec.Pretrain.Resources.GPUs), resource.DecimalSI)
	job.Spec.Template.Spec.Containers[0].Resources.Limits["nvidia.com/gpu"] = gpus
	err := r.Create(ctx, job)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (r *reconciler) setPhase(ctx context.Context, owner *TrainingJob, phase string) error {
	if owner.Status.Phase == phase {
		return nil
	}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status":{"phase":%q}}`, phase))
	return r.Status().Patch(ctx, owner, patch)
}

func (r *reconciler) tell(names []string, namespace string) {
	for _, name := range names {
		r.granted <- event.GenericEvent{
			Object: &TrainingJob{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}},
		}
	}
}

func ended(job *batchv1.Job) bool {
	for _, condition := range job.Status.Conditions {
		if condition.Status == corev1.ConditionTrue &&
			(condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) {
			return true
		}
	}
	return false
}

func run() error {
	namespace := flag.String("namespace", "orestes", "of the objects")
	template := flag.String("template", "", "file with the Job that is made of each object, JSON")
	gpus := flag.Int("gpus", 8, "of each queue")
	qps := flag.Float64("qps", -1, "requests a second; -1: as many as there are")
	flag.Parse() // --kubeconfig is controller-runtime's own
	log.SetLogger(logr.Discard())
	text, err := os.ReadFile(*template)
	if err != nil {
		return err
	}
	r := &reconciler{ledger: newLedger(*gpus), granted: make(chan event.GenericEvent, 1<<16)}
	if err := json.Unmarshal(text, &r.template); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{batchv1.AddToScheme, register} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	config := ctrl.GetConfigOrDie()
	config.QPS, config.Burst = float32(*qps), int(2**qps)
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Metrics: metrics.Options{BindAddress: "0"},
		Cache: cache.Options{
			DefaultNamespaces: map[string]cache.Config{*namespace: {}},
			DefaultTransform:  cache.TransformStripManagedFields(),
		},
	})
	if err != nil {
		return err
	}
	r.Client = manager.GetClient()
	err = ctrl.NewControllerManagedBy(manager).For(&TrainingJob{}).Owns(&batchv1.Job{}).
		WatchesRawSource(source.Channel(r.granted, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).Complete(r)
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}
